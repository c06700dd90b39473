// SPDX-License-Identifier: Apache-2.0
#ifndef CVERSION_H
#define CVERSION_H

// The commit that the program was built from; empty where the build was not told. Swift sees this
// module and not CCommit, so that another commit recompiles no Swift.
const char *dr2net_commit(void);

#endif
