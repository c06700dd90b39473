// SPDX-License-Identifier: Apache-2.0
#include "CKernels.h"

#if defined(__has_feature)
#if __has_feature(thread_sanitizer)
void __tsan_acquire(void *address);
void __tsan_release(void *address);
#define ACQUIRE(lock) __tsan_acquire(lock)
#define RELEASE(lock) __tsan_release(lock)
#endif
#endif
#ifndef ACQUIRE
#define ACQUIRE(lock) ((void)(lock))
#define RELEASE(lock) ((void)(lock))
#endif

void dr_after_lock(void *lock) { ACQUIRE(lock); }
void dr_before_unlock(void *lock) { RELEASE(lock); }
