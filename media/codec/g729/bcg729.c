//go:build cgo && linux

#define _GNU_SOURCE
#include "bcg729.h"

#include <dlfcn.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>

#define FRAME 80
#define BYTES 10
#define SILENCE 2

static void *find(void *handle, const char *symbol, char **reason)
{
	void *p = dlsym(handle, symbol);
	if (p == NULL && *reason == NULL) {
		const char *why = dlerror();
		*reason = strdup(why != NULL ? why : symbol);
	}
	return p;
}

// An encoder's state is one block of the library's own layout, with some addresses
// of itself in it. Where they are is read off two fresh ones: the same word of both
// is then as far from its own block's start.
static int survey(skybridge_bcg729 *lib)
{
	char *a = lib->encoder_new(0), *b = lib->encoder_new(0);
	int ok = 0;
	if (a != NULL && b != NULL) {
		size_t size = malloc_usable_size(a), other = malloc_usable_size(b);
		lib->size = size < other ? size : other;
		lib->npointers = 0;
		ok = 1;
		for (size_t at = 0; at + sizeof(uintptr_t) <= lib->size; at += sizeof(uintptr_t)) {
			uintptr_t x, y;
			memcpy(&x, a + at, sizeof x);
			memcpy(&y, b + at, sizeof y);
			uintptr_t dx = x - (uintptr_t)a, dy = y - (uintptr_t)b;
			if (dx != dy || dx >= lib->size)
				continue;
			if (lib->npointers == SKYBRIDGE_G729_POINTERS) {
				ok = 0;
				break;
			}
			lib->pointers[lib->npointers++] = at;
		}
	}
	if (a != NULL)
		lib->encoder_free(a);
	if (b != NULL)
		lib->encoder_free(b);
	return ok;
}

skybridge_bcg729 *skybridge_bcg729_open(const char *name, char **reason)
{
	*reason = NULL;
	void *handle = dlopen(name, RTLD_NOW | RTLD_LOCAL);
	if (handle == NULL) {
		const char *why = dlerror();
		*reason = strdup(why != NULL ? why : name);
		return NULL;
	}
	skybridge_bcg729 *lib = calloc(1, sizeof *lib);
	if (lib != NULL) {
		*(void **)&lib->encoder_new = find(handle, "initBcg729EncoderChannel", reason);
		*(void **)&lib->encoder_free = find(handle, "closeBcg729EncoderChannel", reason);
		*(void **)&lib->encode = find(handle, "bcg729Encoder", reason);
		*(void **)&lib->decoder_new = find(handle, "initBcg729DecoderChannel", reason);
		*(void **)&lib->decoder_free = find(handle, "closeBcg729DecoderChannel", reason);
		*(void **)&lib->decode = find(handle, "bcg729Decoder", reason);
		if (*reason == NULL && !survey(lib))
			*reason = strdup("its encoders' states cannot be copied");
		lib->handle = handle;
		if (*reason == NULL)
			return lib;
		free(lib);
	}
	if (*reason == NULL)
		*reason = strdup("out of memory");
	dlclose(handle);
	return NULL;
}

void skybridge_bcg729_close(skybridge_bcg729 *lib)
{
	dlclose(lib->handle);
	free(lib);
}

void *skybridge_g729_encoder_new(const skybridge_bcg729 *lib)
{
	void *state = lib->encoder_new(0);
	if (state != NULL && malloc_usable_size(state) < lib->size) {
		lib->encoder_free(state);
		return NULL;
	}
	return state;
}

void skybridge_g729_encoder_free(const skybridge_bcg729 *lib, void *state) { lib->encoder_free(state); }

void skybridge_g729_encoder_copy(const skybridge_bcg729 *lib, void *dst, const void *src)
{
	memcpy(dst, src, lib->size);
	for (int i = 0; i < lib->npointers; i++) {
		char *at = (char *)dst + lib->pointers[i];
		uintptr_t v;
		memcpy(&v, at, sizeof v);
		v = v - (uintptr_t)src + (uintptr_t)dst;
		memcpy(at, &v, sizeof v);
	}
}

int skybridge_g729_encode(const skybridge_bcg729 *lib, void *state, const int16_t *pcm, int frames, uint8_t *out)
{
	int n = 0;
	for (int i = 0; i < frames; i++) {
		uint8_t length = 0;
		lib->encode(state, pcm + i * FRAME, out + n, &length);
		n += length;
	}
	return n;
}

void *skybridge_g729_decoder_new(const skybridge_bcg729 *lib) { return lib->decoder_new(); }

void skybridge_g729_decoder_free(const skybridge_bcg729 *lib, void *state) { lib->decoder_free(state); }

void skybridge_g729_decode(const skybridge_bcg729 *lib, void *state, const uint8_t *bits, int frames, int silence,
			   int16_t *pcm)
{
	for (int i = 0; i < frames; i++)
		lib->decode(state, bits + i * BYTES, BYTES, 0, 0, 0, pcm + i * FRAME);
	if (silence)
		lib->decode(state, bits + frames * BYTES, SILENCE, 0, 1, 0, pcm + frames * FRAME);
}

void skybridge_g729_conceal(const skybridge_bcg729 *lib, void *state, int frames, int16_t *pcm)
{
	for (int i = 0; i < frames; i++)
		lib->decode(state, NULL, 0, 1, 0, 0, pcm + i * FRAME);
}
