#include "libopus.h"

#include <stdlib.h>
#include <string.h>

// The state lies behind the block's own fields, aligned for any type.
static size_t state_offset(void) {
	return (sizeof(skybridge_opus_encoder) + 63) & ~(size_t)63;
}

skybridge_opus_encoder *skybridge_opus_encoder_new(skybridge_opus_config cfg, int *error) {
	skybridge_opus_encoder *e = calloc(1, state_offset() + opus_encoder_get_size(1));
	if (e == NULL) {
		*error = OPUS_ALLOC_FAIL;
		return NULL;
	}
	e->state = (OpusEncoder *)((char *)e + state_offset());
	e->shorts = cfg.shorts;
	int err = opus_encoder_init(e->state, 48000, 1,
				    cfg.low_delay ? OPUS_APPLICATION_RESTRICTED_LOWDELAY : OPUS_APPLICATION_VOIP);
	if (err == OPUS_OK) err = opus_encoder_ctl(e->state, OPUS_SET_BITRATE(cfg.bitrate));
	if (err == OPUS_OK) err = opus_encoder_ctl(e->state, OPUS_SET_COMPLEXITY(cfg.complexity));
	if (err == OPUS_OK) err = opus_encoder_ctl(e->state, OPUS_SET_VBR(!cfg.cbr));
	if (err == OPUS_OK) err = opus_encoder_ctl(e->state, OPUS_SET_INBAND_FEC(cfg.fec));
	if (err == OPUS_OK) err = opus_encoder_ctl(e->state, OPUS_SET_PACKET_LOSS_PERC(cfg.loss));
	if (err == OPUS_OK) err = opus_encoder_ctl(e->state, OPUS_SET_DTX(cfg.dtx));
	if (err == OPUS_OK) err = opus_encoder_ctl(e->state, OPUS_SET_MAX_BANDWIDTH(cfg.bandwidth));
	*error = err;
	if (err != OPUS_OK) {
		free(e);
		return NULL;
	}
	return e;
}

// The values are within their ranges, so that no call can fail.
void skybridge_opus_encoder_expect(skybridge_opus_encoder *e, int fec, int loss) {
	opus_encoder_ctl(e->state, OPUS_SET_INBAND_FEC(fec));
	opus_encoder_ctl(e->state, OPUS_SET_PACKET_LOSS_PERC(loss));
}

void skybridge_opus_encoder_narrow(skybridge_opus_encoder *e, int bandwidth) {
	opus_int32 before = bandwidth;
	opus_encoder_ctl(e->state, OPUS_GET_MAX_BANDWIDTH(&before));
	opus_encoder_ctl(e->state, OPUS_SET_MAX_BANDWIDTH(bandwidth));
	// By itself the SILK layer takes a wider band only in pauses, and step by step.
	if (bandwidth > before) opus_encoder_ctl(e->state, OPUS_RESET_STATE);
}

void skybridge_opus_encoder_copy(skybridge_opus_encoder *dst, const skybridge_opus_encoder *src) {
	memcpy(dst->state, src->state, opus_encoder_get_size(1));
}

static opus_int32 encode_shorts(skybridge_opus_encoder *e) {
	const opus_int32 most = (SKYBRIDGE_OPUS_BYTES - 2) / 2;
	opus_int32 first = opus_encode(e->state, e->pcm, SKYBRIDGE_OPUS_FRAME / 2, e->out + 2, most);
	if (first < 0) return first;
	if (e->independent) opus_encoder_ctl(e->state, OPUS_SET_PREDICTION_DISABLED(0));
	opus_int32 second =
		opus_encode(e->state, e->pcm + SKYBRIDGE_OPUS_FRAME / 2, SKYBRIDGE_OPUS_FRAME / 2, e->out + 2 + first, most);
	if (second < 0) return second;
	e->out[0] = first >> 8;
	e->out[1] = first & 0xff;
	return 2 + first + second;
}

void skybridge_opus_encode(skybridge_opus_encoder *e) {
	while (e != NULL) {
		skybridge_opus_encoder *next = e->next;
		if (e->independent) opus_encoder_ctl(e->state, OPUS_SET_PREDICTION_DISABLED(1));
		e->result = e->shorts ? encode_shorts(e)
				      : opus_encode(e->state, e->pcm, SKYBRIDGE_OPUS_FRAME, e->out, SKYBRIDGE_OPUS_BYTES);
		if (e->independent) opus_encoder_ctl(e->state, OPUS_SET_PREDICTION_DISABLED(0));
		e->next = NULL;
		e = next;
	}
}
