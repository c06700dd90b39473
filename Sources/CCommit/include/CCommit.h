// SPDX-License-Identifier: Apache-2.0
#ifndef CCOMMIT_H
#define CCOMMIT_H

// The commit that this build was made from, as `DR2NET_COMMIT` said; empty where it said nothing.
const char *dr2net_built_commit(void);

#endif
