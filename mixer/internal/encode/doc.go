// Package encode makes RTP payloads of frames of PCM: a Stream is an encoder that
// cuts its payloads at the negotiated packet length, a Class one stream shared by
// all who hear the same, and Batches collects the calls of one tick for codecs
// that take many at once. It starts no goroutine.
package encode
