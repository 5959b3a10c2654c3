/* SPDX-License-Identifier: MIT */
/* Floor: 1 */
/* Why a call failed, in a line. Clean C++. */
#ifndef PAGESIM_ERROR_H
#define PAGESIM_ERROR_H

#ifdef __cplusplus
extern "C" {
#endif

/* One line on why the last pagesim_ or kpage_ call of this thread failed. */
const char *pagesim_error(void);

#ifdef __cplusplus
}
#endif

#endif /* PAGESIM_ERROR_H */
