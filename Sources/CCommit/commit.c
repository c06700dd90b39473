// SPDX-License-Identifier: Apache-2.0
#include "CCommit.h"

#ifndef DR2NET_COMMIT
#define DR2NET_COMMIT
#endif
#define TEXT_OF(value) #value
#define TEXT(value) TEXT_OF(value)

const char *dr2net_built_commit(void) { return TEXT(DR2NET_COMMIT); }
