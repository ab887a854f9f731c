package client

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"
)

// Error is an answer that is not a success.
type Error struct {
	StatusCode int    // HTTP status
	Code       string // stable code, such as NOT_FOUND; empty when the answer was not the API's
	Message    string
	Fields     []FieldError
	RequestID  string
	// RetryAfter is when to try again; 0 is not said.
	RetryAfter time.Duration
}

// FieldError is what is wrong with one field of a request.
type FieldError struct {
	Field   string `json:"field"`
	Message string `json:"message"`
}

// Error is for people.
func (e *Error) Error() string {
	text := e.Message
	for _, f := range e.Fields {
		text += "\n  " + f.Field + ": " + f.Message
	}
	return text
}

// IsCode tells whether err is an answer with a code.
func IsCode(err error, code string) bool {
	var e *Error
	return errors.As(err, &e) && e.Code == code
}

// errorOf reads the error in an answer.
func errorOf(resp *http.Response) error {
	e := &Error{StatusCode: resp.StatusCode, RequestID: resp.Header.Get("X-Request-Id")}
	if seconds, err := strconv.Atoi(resp.Header.Get("Retry-After")); err == nil && seconds > 0 {
		e.RetryAfter = time.Duration(seconds) * time.Second
	}
	var body struct {
		Code    string       `json:"error_code"`
		Message string       `json:"message"`
		Errors  []FieldError `json:"errors"`
	}
	// What is not the API's own answer, such as a proxy's, has a status only.
	if json.NewDecoder(io.LimitReader(resp.Body, 1<<20)).Decode(&body) == nil {
		e.Code, e.Message, e.Fields = body.Code, body.Message, body.Errors
	}
	if e.Message == "" {
		e.Message = fmt.Sprintf("the server answered %d %s", resp.StatusCode, http.StatusText(resp.StatusCode))
	}
	return e
}
