package fault

import (
	"net/http"
	"slices"
)

// Known is what the API's contract says of a code.
type Known struct {
	Code Code `json:"code"`
	HTTP int  `json:"status"`
	// Meaning is one sentence for whoever writes a client.
	Meaning string `json:"meaning"`
}

// known is the one table of codes: the API's document and the public client
// are tested against it. A code has one status.
var known = []Known{
	{CodeInvalidRequest, http.StatusBadRequest, "The request is wrong; errors says which fields. Sending it again does not help."},
	{CodeInvalidID, http.StatusBadRequest, "An id is not a UUID."},
	{CodeInvalidValue, http.StatusBadRequest, "A value is not one of those that are allowed."},
	{CodeAlreadyExists, http.StatusBadRequest, "There is one already."},
	{CodeUnauthorized, http.StatusUnauthorized, "No credentials were sent."},
	{CodeInvalidCredentials, http.StatusUnauthorized, "The e-mail address or the password is wrong."},
	{CodeInvalidToken, http.StatusUnauthorized, "The token is not valid, or its session has ended: sign in again."},
	{CodeTokenExpired, http.StatusUnauthorized, "The access token has expired: use POST /auth/refresh."},
	{CodeInvalidAPIKey, http.StatusUnauthorized, "The API key is not valid, or was revoked."},
	{CodeAPIKeyExpired, http.StatusUnauthorized, "The API key has expired."},
	{CodeForbidden, http.StatusForbidden, "The caller is known, but may not do this."},
	{CodeInsufficientBalance, http.StatusForbidden, "The group has too few credits; nothing was created."},
	{CodeQuotaExceeded, http.StatusForbidden, "The user's credits of this month are used up; nothing was created."},
	{CodeNotFound, http.StatusNotFound, "There is no such thing for this caller."},
	{CodeRequestTimeout, http.StatusRequestTimeout, "The request took too long to arrive or to answer."},
	{CodeInvalidState, http.StatusConflict, "It is in a state in which this cannot be done."},
	{CodeIdempotencyConflict, http.StatusConflict, "The Idempotency-Key was used for another request, or its first call still runs (then with Retry-After)."},
	{CodeFileTooLarge, http.StatusRequestEntityTooLarge, "A body or a file is over its limit."},
	{CodeUnsupportedFileType, http.StatusUnsupportedMediaType, "The file is of a type that is not read."},
	{CodeRateLimited, http.StatusTooManyRequests, "Too many calls; Retry-After says when to go on."},
	{CodeInternal, http.StatusInternalServerError, "A fault of ours; the same call may work later."},
	{CodeServiceUnavailable, http.StatusServiceUnavailable, "A part is missing or down; the same call may work later."},
}

// Codes lists every code, by status.
func Codes() []Known { return slices.Clone(known) }
