// Package record writes what is said in calls to files: WAV (Multimedia Programming
// Interface 1.0) and the raw formats that Asterisk knows by their extensions.
//
// A File is written under its name and ".part", and gets its name when it is
// finished, whole and on the disk. One that a crash left behind is put in order by
// Repair: its WAV header is made true every few seconds anyway.
//
// A Recorder makes a File of the two directions of a call: one of them, both mixed,
// or left and right, with limits on length and silence.
//
// It starts no goroutine; File and Recorder are used by one at a time.
package record
