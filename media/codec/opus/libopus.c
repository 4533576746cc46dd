#include "libopus.h"

#include <stdlib.h>
#include <string.h>

// The state lies behind the block's own fields, aligned for any type.
static size_t state_offset(void) {
	return (sizeof(skybridge_opus_encoder) + 63) & ~(size_t)63;
}

skybridge_opus_encoder *skybridge_opus_encoder_new(int bitrate, int complexity, int cbr, int fec, int loss, int *error) {
	skybridge_opus_encoder *e = calloc(1, state_offset() + opus_encoder_get_size(1));
	if (e == NULL) {
		*error = OPUS_ALLOC_FAIL;
		return NULL;
	}
	e->state = (OpusEncoder *)((char *)e + state_offset());
	int err = opus_encoder_init(e->state, 48000, 1, OPUS_APPLICATION_VOIP);
	if (err == OPUS_OK) err = opus_encoder_ctl(e->state, OPUS_SET_BITRATE(bitrate));
	if (err == OPUS_OK) err = opus_encoder_ctl(e->state, OPUS_SET_COMPLEXITY(complexity));
	if (err == OPUS_OK) err = opus_encoder_ctl(e->state, OPUS_SET_VBR(!cbr));
	if (err == OPUS_OK) err = opus_encoder_ctl(e->state, OPUS_SET_INBAND_FEC(fec));
	if (err == OPUS_OK) err = opus_encoder_ctl(e->state, OPUS_SET_PACKET_LOSS_PERC(loss));
	*error = err;
	if (err != OPUS_OK) {
		free(e);
		return NULL;
	}
	return e;
}

void skybridge_opus_encoder_copy(skybridge_opus_encoder *dst, const skybridge_opus_encoder *src) {
	memcpy(dst->state, src->state, opus_encoder_get_size(1));
}

void skybridge_opus_encode(skybridge_opus_encoder *e) {
	while (e != NULL) {
		skybridge_opus_encoder *next = e->next;
		if (e->independent) opus_encoder_ctl(e->state, OPUS_SET_PREDICTION_DISABLED(1));
		e->result = opus_encode(e->state, e->pcm, SKYBRIDGE_OPUS_FRAME, e->out, SKYBRIDGE_OPUS_BYTES);
		if (e->independent) opus_encoder_ctl(e->state, OPUS_SET_PREDICTION_DISABLED(0));
		e->next = NULL;
		e = next;
	}
}
