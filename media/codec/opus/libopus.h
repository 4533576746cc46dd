#ifndef SKYBRIDGE_LIBOPUS_H
#define SKYBRIDGE_LIBOPUS_H

#include <opus.h>

#define SKYBRIDGE_OPUS_FRAME 960
#define SKYBRIDGE_OPUS_BYTES 1268

// An encoder with its buffers, in one block of C memory: C never sees a pointer
// into the Go heap, and a batch is a list linked through next.
typedef struct skybridge_opus_encoder {
	struct skybridge_opus_encoder *next;
	OpusEncoder *state;
	opus_int32 independent; // encode the next frame without prediction
	opus_int32 shorts;      // frames are of 10 ms, two in out: the first one's length in two bytes, and both
	opus_int32 result;      // bytes in out, or an OPUS_ error
	opus_int16 pcm[SKYBRIDGE_OPUS_FRAME];
	unsigned char out[SKYBRIDGE_OPUS_BYTES];
} skybridge_opus_encoder;

typedef struct skybridge_opus_config {
	int bitrate, complexity, cbr, fec, loss, dtx, low_delay;
	int bandwidth; // an OPUS_BANDWIDTH_
	int shorts;
} skybridge_opus_config;

// Makes an encoder (mono, 48 kHz); NULL with *error set when it cannot.
skybridge_opus_encoder *skybridge_opus_encoder_new(skybridge_opus_config cfg, int *error);

// Tells of another loss to expect, or another bandwidth at the most.
void skybridge_opus_encoder_expect(skybridge_opus_encoder *e, int fec, int loss);
void skybridge_opus_encoder_narrow(skybridge_opus_encoder *e, int bandwidth);

// Makes dst's state equal to src's.
void skybridge_opus_encoder_copy(skybridge_opus_encoder *dst, const skybridge_opus_encoder *src);

// Encodes the frame in pcm of every encoder of the list.
void skybridge_opus_encode(skybridge_opus_encoder *list);

#endif
