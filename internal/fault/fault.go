// Package fault holds the kinds of errors that may reach a person: each has a
// stable code and a message that is safe to show. What else went wrong stays
// in the wrapped cause, for the log.
//
// It knows the standard library only.
package fault

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"time"
)

// Kind groups errors by what the caller can do about them.
type Kind int

// The kinds. Internal is the zero value: an error nobody classified is ours.
const (
	Internal        Kind = iota
	Invalid              // the request is wrong; sending it again will not help
	Unauthenticated      // who is calling is not proven
	Forbidden            // known, but not allowed
	NotFound             // no such thing for this caller
	Conflict             // the thing is in another state
	Exhausted            // a balance, quota or rate is used up
	TooLarge             // a body or file is over its limit
	Unsupported          // a file type that is not read
	Unavailable          // a part is missing or down; later may help
	Timeout              // the request took too long to arrive or to answer
)

// Code is the stable word for an error in the API.
type Code string

// The codes of the API contract.
const (
	CodeInvalidRequest      Code = "INVALID_REQUEST"
	CodeInvalidID           Code = "INVALID_ID"
	CodeInvalidValue        Code = "INVALID_VALUE"
	CodeAlreadyExists       Code = "ALREADY_EXISTS"
	CodeUnauthorized        Code = "UNAUTHORIZED"
	CodeInvalidCredentials  Code = "INVALID_CREDENTIALS"
	CodeInvalidToken        Code = "INVALID_TOKEN"
	CodeTokenExpired        Code = "TOKEN_EXPIRED"
	CodeInvalidAPIKey       Code = "INVALID_API_KEY"
	CodeAPIKeyExpired       Code = "API_KEY_EXPIRED"
	CodeForbidden           Code = "FORBIDDEN"
	CodeInsufficientBalance Code = "INSUFFICIENT_BALANCE"
	CodeQuotaExceeded       Code = "QUOTA_EXCEEDED"
	CodeNotFound            Code = "NOT_FOUND"
	CodeRequestTimeout      Code = "REQUEST_TIMEOUT"
	CodeInternal            Code = "INTERNAL_SERVER_ERROR"
	CodeInvalidState        Code = "INVALID_STATE"
	CodeIdempotencyConflict Code = "IDEMPOTENCY_CONFLICT"
	CodeFileTooLarge        Code = "FILE_TOO_LARGE"
	CodeUnsupportedFileType Code = "UNSUPPORTED_FILE_TYPE"
	CodeRateLimited         Code = "RATE_LIMITED"
	CodeServiceUnavailable  Code = "SERVICE_UNAVAILABLE"
)

// Retry is what a background job does with an error.
type Retry int

// What a job does: give up, wait for the missing part without using up an
// attempt, or try again later.
const (
	RetryLater Retry = iota
	Cancel
	Snooze
)

// Meaning is how each edge of the program answers an error of one kind.
type Meaning struct {
	Code  Code       // the code when the error carries none of its own
	HTTP  int        // status of the API's answer
	Job   Retry      // what a worker does
	Exit  int        // exit code of the command line
	Level slog.Level // how loudly it is logged
}

var meanings = map[Kind]Meaning{
	Internal:        {CodeInternal, http.StatusInternalServerError, RetryLater, 1, slog.LevelError},
	Invalid:         {CodeInvalidRequest, http.StatusBadRequest, Cancel, 2, slog.LevelInfo},
	Unauthenticated: {CodeUnauthorized, http.StatusUnauthorized, Cancel, 3, slog.LevelInfo},
	Forbidden:       {CodeForbidden, http.StatusForbidden, Cancel, 3, slog.LevelInfo},
	NotFound:        {CodeNotFound, http.StatusNotFound, Cancel, 4, slog.LevelInfo},
	Conflict:        {CodeInvalidState, http.StatusConflict, Cancel, 5, slog.LevelInfo},
	Exhausted:       {CodeRateLimited, http.StatusTooManyRequests, Snooze, 6, slog.LevelInfo},
	TooLarge:        {CodeFileTooLarge, http.StatusRequestEntityTooLarge, Cancel, 2, slog.LevelInfo},
	Unsupported:     {CodeUnsupportedFileType, http.StatusUnsupportedMediaType, Cancel, 2, slog.LevelInfo},
	Unavailable:     {CodeServiceUnavailable, http.StatusServiceUnavailable, Snooze, 7, slog.LevelWarn},
	Timeout:         {CodeRequestTimeout, http.StatusRequestTimeout, RetryLater, 8, slog.LevelInfo},
}

// FieldError is what is wrong with one field of a request.
type FieldError struct {
	Field   string `json:"field" doc:"Path of the field, e.g. configuration.files.ktp_file[0]"`
	Message string `json:"message" doc:"What is wrong with it, in words for a person"`
}

// Error is an error with a kind, a code and a message that is safe to show.
type Error struct {
	Kind    Kind
	Code    Code
	Message string // no personal data, no internals
	Fields  []FieldError
	// RetryAfter is when trying again makes sense; 0 is unknown.
	RetryAfter time.Duration
	cause      error
}

// New makes an error of a kind with that kind's usual code.
func New(kind Kind, format string, args ...any) *Error {
	return &Error{Kind: kind, Code: meanings[kind].Code, Message: fmt.Sprintf(format, args...)}
}

// Wrap keeps cause for the log behind a message that is safe to show.
func Wrap(cause error, kind Kind, format string, args ...any) *Error {
	e := New(kind, format, args...)
	e.cause = cause
	return e
}

// Field is an Invalid error about one field.
func Field(field, format string, args ...any) *Error {
	message := fmt.Sprintf(format, args...)
	return &Error{Kind: Invalid, Code: CodeInvalidRequest, Message: "The request has a field that cannot be used: " + field + ": " + message,
		Fields: []FieldError{{Field: field, Message: message}}}
}

// WithCode replaces the code.
func (e *Error) WithCode(code Code) *Error { e.Code = code; return e }

// WithField adds what is wrong with a field.
func (e *Error) WithField(field, format string, args ...any) *Error {
	e.Fields = append(e.Fields, FieldError{Field: field, Message: fmt.Sprintf(format, args...)})
	return e
}

// Error includes the cause: it is for the log, Message is for people.
func (e *Error) Error() string {
	if e.cause == nil {
		return e.Message
	}
	// A fault that is passed on with a word more does not say all twice.
	cause := e.cause.Error()
	switch {
	case strings.HasPrefix(cause, e.Message):
		return cause
	case strings.HasSuffix(e.Message, cause):
		return e.Message
	}
	return e.Message + ": " + cause
}

// Unwrap gives the cause.
func (e *Error) Unwrap() error { return e.cause }

// From returns the *Error in err's chain, or an Internal one around err whose
// message says nothing of the cause.
func From(err error) *Error {
	var e *Error
	if errors.As(err, &e) {
		return e
	}
	return Wrap(err, Internal, "Something went wrong on our side. Nothing was changed; please try again.")
}

// Is tells whether err is of a kind.
func Is(err error, kind Kind) bool {
	var e *Error
	return errors.As(err, &e) && e.Kind == kind
}

// MeaningOf tells how to answer an error of a kind.
func MeaningOf(kind Kind) Meaning { return meanings[kind] }

// HTTP is the status of the API's answer: the one that the contract gives the
// code, else the kind's.
func (e *Error) HTTP() int {
	for _, k := range known {
		if k.Code == e.Code {
			return k.HTTP
		}
	}
	return meanings[e.Kind].HTTP
}
