// SPDX-License-Identifier: Apache-2.0
#include "CVersion.h"

#include "CCommit.h"

const char *dr2net_commit(void) { return dr2net_built_commit(); }
