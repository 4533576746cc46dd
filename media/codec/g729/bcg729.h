#ifndef SKYBRIDGE_BCG729_H
#define SKYBRIDGE_BCG729_H

#include <stddef.h>
#include <stdint.h>

#define SKYBRIDGE_G729_POINTERS 16

// The library's functions that are used, and what was found out about the states
// that its encoders have: their size, and where in them lie addresses of themselves.
typedef struct skybridge_bcg729 {
	void *handle; // of dlopen
	void *(*encoder_new)(uint8_t vad);
	void (*encoder_free)(void *state);
	void (*encode)(void *state, const int16_t *pcm, uint8_t *bits, uint8_t *length);
	void *(*decoder_new)(void);
	void (*decoder_free)(void *state);
	void (*decode)(void *state, const uint8_t *bits, uint8_t length, uint8_t erased, uint8_t silence, uint8_t rfc3389,
		       int16_t *pcm);
	size_t size;
	size_t pointers[SKYBRIDGE_G729_POINTERS];
	int npointers;
} skybridge_bcg729;

// Opens the library. Returns NULL and an explanation to be freed when it cannot.
skybridge_bcg729 *skybridge_bcg729_open(const char *name, char **reason);
void skybridge_bcg729_close(skybridge_bcg729 *lib);

void *skybridge_g729_encoder_new(const skybridge_bcg729 *lib);
void skybridge_g729_encoder_free(const skybridge_bcg729 *lib, void *state);

// Makes dst's state equal to src's.
void skybridge_g729_encoder_copy(const skybridge_bcg729 *lib, void *dst, const void *src);

// Encodes frames of 80 samples into 10 bytes each. Returns the bytes written.
int skybridge_g729_encode(const skybridge_bcg729 *lib, void *state, const int16_t *pcm, int frames, uint8_t *out);

void *skybridge_g729_decoder_new(const skybridge_bcg729 *lib);
void skybridge_g729_decoder_free(const skybridge_bcg729 *lib, void *state);

// Decodes frames of 10 bytes and then, if silence is set, one of 2 into 80 samples each.
void skybridge_g729_decode(const skybridge_bcg729 *lib, void *state, const uint8_t *bits, int frames, int silence,
			   int16_t *pcm);

// Makes up frames of 80 samples in place of lost ones.
void skybridge_g729_conceal(const skybridge_bcg729 *lib, void *state, int frames, int16_t *pcm);

#endif
