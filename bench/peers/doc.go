// Package peers starts what is measured, each on a core that it is told and in a folder
// of its own: a floor program that does nothing but receive and send, Skybridge,
// Asterisk with the same configuration files, Janus, rtpengine. It sets calls up with
// them and says where their media go.
//
// A Process starts one goroutine, which waits for the program's end and ends with it;
// setting up calls starts some, which end with that.
package peers
