package auth

import "anycheck/internal/fault"

// ErrReused is the answer to a refresh token that was used before: somebody
// copied it, so its whole session ends.
var ErrReused = fault.New(fault.Unauthenticated, "This refresh token was used before. Please sign in again.").WithCode(fault.CodeInvalidToken)
