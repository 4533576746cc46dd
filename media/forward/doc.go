// Package forward passes video on from one who sends it to many who watch (a selective
// forwarding unit, RFC 7667 §3.7): of each packet that comes it makes one for every receiver,
// with that receiver's SSRC, numbers, time stamps and header extensions, and the payload as
// it came. It chooses among the layers of simulcast, leaves temporal layers out, asks for
// key frames, and sends again what was lost.
//
// It is pure: no I/O, no goroutine, no clock. Moments are a time.Duration since any start that
// the caller keeps. Nothing is locked: a Source, its Subscriptions and what they are called
// with belong to one goroutine, or are called under one lock. After the constructors nothing
// allocates.
//
// A Source is a track that is sent to us, a camera or a screen. A Subscription is what one
// Receiver (a transport to a party) is sent of it. A transport drives them so:
//
//	src := forward.NewSource(forward.Config{Codec: payload.VP8, PayloadType: 96, Layers: …})
//	sub := forward.NewSubscription(src, receiver, forward.Stream{SSRC: …, PayloadType: 120, …})
//	sub.Aim(now, layer, temporal) // the allocator's choice; forward.Paused for none
//
//	// for each RTP packet of the track, decrypted and parsed:
//	if ref, ok := src.Packet(now, &header); ok {
//		for _, sub := range subscriptions {
//			for n := sub.Write(now, ref, buf); n > 0; n = sub.More(now, buf) {
//				protect and send buf[:n]; tell bandwidth receiver.Number() and n
//			}
//		}
//	}
//	// for each sender's report of the track:
//	src.Report(now, ssrc, report.Sender)
//	// every 10 to 50 ms, to who sends the track:
//	rtcp = src.Feedback(now, rtcp[:0]) // NACK, PLI or FIR that are due
//
//	// feedback of a receiver about a subscription's SSRC:
//	sub.NeedPicture(now) // PLI, FIR
//	for seq := range forward.Lost(feedback.Detail) { // NACK
//		if n := sub.Resend(now, seq, buf); n > 0 { protect and send buf[:n] }
//	}
//
// A Subscription's stream is consistent whatever happens before it: sequence numbers have
// holes only where the network lost something that is yet missing, frames are passed on whole
// or not at all, it begins and changes layers with key frames alone, between frames, and time
// stamps, picture ids (RFC 7741, RFC 9628) and frame numbers (AV1's dependency descriptor) go
// on across layers. Layers of one SSRC (SVC) are passed on together, as far as they are spatial.
package forward
