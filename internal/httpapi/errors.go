package httpapi

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/validation"

	"anycheck/internal/fault"
)

// huma keeps these per process, not per API. Nothing else in the program uses
// huma, and setting them before main keeps every New free of races.
func init() {
	huma.ValidateStrictCasing = true
	huma.DefaultArrayNullable = false
	huma.NewError = func(status int, message string, errs ...error) huma.StatusError {
		return humaProblem(context.Background(), status, message, errs)
	}
	huma.NewErrorWithContext = func(ctx huma.Context, status int, message string, errs ...error) huma.StatusError {
		return humaProblem(ctx.Context(), status, message, errs)
	}
}

// problem is how every error is answered.
type problem struct {
	ErrorCode fault.Code         `json:"error_code" example:"INVALID_REQUEST" doc:"Stable code of the error."`
	Message   string             `json:"message" doc:"What went wrong and what to do about it, for a person."`
	Errors    []fault.FieldError `json:"errors,omitempty" doc:"What is wrong with which field; absent when the error is about no field."`
	RequestID string             `json:"request_id" doc:"Also in the header X-Request-Id; quote it when you ask for help."`

	status     int
	retryAfter time.Duration
}

// Error is for the interface: problems are answered, not passed on.
func (p *problem) Error() string { return p.Message }

// GetStatus is the HTTP status.
func (p *problem) GetStatus() int { return p.status }

// GetHeaders are the headers that go with the status.
func (p *problem) GetHeaders() http.Header {
	h := http.Header{}
	if p.status == http.StatusUnauthorized {
		h.Set("WWW-Authenticate", "Bearer")
	}
	if p.retryAfter > 0 {
		h.Set("Retry-After", strconv.Itoa(int(math.Ceil(p.retryAfter.Seconds()))))
	}
	return h
}

// newProblem makes the answer to err and leaves its cause for the log.
func newProblem(ctx context.Context, err error) *problem {
	if ctx.Err() != nil && (errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded)) {
		// The caller hung up, or its time is over: no fault of ours.
		err = fault.Wrap(err, fault.Timeout, "The request ended before its answer was ready.")
	}
	e := fault.From(err)
	c := callOf(ctx)
	c.err = e
	return &problem{ErrorCode: e.Code, Message: e.Message, Errors: e.Fields, RequestID: c.id, status: e.HTTP(), retryAfter: e.RetryAfter}
}

func writeProblem(w http.ResponseWriter, p *problem) {
	for name, values := range p.GetHeaders() {
		w.Header()[name] = values
	}
	writeJSON(w, p.status, p)
}

func writeJSON(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	_ = enc.Encode(v) // the caller is gone; there is nobody left to tell
}

// humaProblem translates what huma found wrong with a request before any
// handler ran. huma's texts and the values it quotes stay behind.
func humaProblem(ctx context.Context, status int, message string, errs []error) *problem {
	switch {
	case status == http.StatusRequestEntityTooLarge:
		return newProblem(ctx, fault.New(fault.TooLarge, "The body is larger than %d KiB.", maxBody>>10))
	case status == http.StatusRequestTimeout:
		return newProblem(ctx, fault.New(fault.Timeout, "The body did not arrive within %s.", bodyTimeout))
	case status == http.StatusUnsupportedMediaType:
		return newProblem(ctx, fault.New(fault.Invalid, "The body must be JSON, with the header Content-Type: application/json."))
	case status >= http.StatusInternalServerError && strings.HasPrefix(message, "cannot read"):
		return newProblem(ctx, fault.New(fault.Invalid, "The body ended before it was complete."))
	case status >= http.StatusInternalServerError:
		return newProblem(ctx, errors.Join(errs...))
	}
	e := fault.New(fault.Invalid, "The request needs a JSON body.")
	var codes []fault.Code
	for _, err := range errs {
		var d *huma.ErrorDetail
		if !errors.As(err, &d) {
			continue
		}
		field, text, code := describe(d)
		if field == "" {
			// The body as a whole: nothing is known of its fields.
			return newProblem(ctx, fault.New(fault.Invalid, "%s", text))
		}
		if !slices.ContainsFunc(e.Fields, func(f fault.FieldError) bool { return f.Field == field }) {
			e.WithField(field, "%s", text)
			codes = append(codes, code)
		}
	}
	if len(e.Fields) > 0 {
		slices.SortStableFunc(e.Fields, func(a, b fault.FieldError) int { return cmp.Compare(a.Field, b.Field) })
		e.Message = wrongFields(e.Fields)
		// The more telling code, where it holds for all fields.
		if len(slices.Compact(codes)) == 1 {
			e.Code = codes[0]
		}
	}
	return newProblem(ctx, e)
}

// wrongFields is the message of a request that has these.
func wrongFields(fields []fault.FieldError) string {
	if len(fields) == 1 {
		return fmt.Sprintf("The request has a field that cannot be used: %s: %s", fields[0].Field, fields[0].Message)
	}
	return fmt.Sprintf("The request has %d fields that cannot be used.", len(fields))
}

const uuidDescription = "a UUID"

// describe says in our words what huma found, and about which field; an empty
// field is the body as a whole.
func describe(d *huma.ErrorDetail) (field, text string, code fault.Code) {
	for _, place := range []string{"body", "path", "query", "header"} {
		if rest, ok := strings.CutPrefix(d.Location, place); ok {
			field = strings.TrimPrefix(rest, ".")
			break
		}
	}
	code = fault.CodeInvalidRequest
	before, _, _ := strings.Cut(validation.MsgExpectedRequiredProperty, "%s")
	oneOf, _, _ := strings.Cut(validation.MsgExpectedOneOf, "%s")
	switch {
	case strings.HasPrefix(d.Message, before):
		name, _, _ := strings.Cut(strings.TrimPrefix(d.Message, before), " ")
		if field != "" {
			name = field + "." + name
		}
		return name, "is required", code
	case strings.HasPrefix(d.Message, "required ") && strings.HasSuffix(d.Message, " is missing"):
		return field, "is required", code
	case d.Message == validation.MsgUnexpectedProperty:
		return field, "is not a field of this request", code
	case d.Message == fmt.Sprintf(validation.MsgExpectedBePattern, uuidDescription):
		return field, "must be " + uuidDescription, fault.CodeInvalidID
	case strings.HasPrefix(d.Message, oneOf):
		return field, "must be one of " + strings.TrimSuffix(strings.TrimPrefix(d.Message, oneOf), `"`), fault.CodeInvalidValue
	case field == "" && d.Message == validation.MsgExpectedObject:
		return "", "The body must be a JSON object.", code
	case field == "":
		return "", "The body is not valid JSON.", code
	}
	for _, w := range plainWords {
		if rest, ok := strings.CutPrefix(d.Message, w.huma); ok {
			return field, w.ours + rest, code
		}
	}
	return field, "cannot be used: " + d.Message, code
}

const timeInWords = "must be a time like 2026-11-26T09:00:00Z"

// plainWords are the beginnings of huma's texts and what we say instead.
var plainWords = []struct{ huma, ours string }{
	{"invalid integer", "must be a whole number"},
	{"invalid boolean", "must be true or false"},
	{msgSeveral, msgSeveral},
	{validation.MsgExpectedBoolean, "must be true or false"},
	{validation.MsgExpectedObject, "must be an object"},
	{validation.MsgExpectedRFC3339DateTime, timeInWords},
	{"invalid date/time for format " + time.RFC3339Nano, timeInWords},
	{validation.MsgExpectedString, "must be a text"},
	{"expected number", "must be a number"},
	{validation.MsgExpectedInteger, "must be a whole number of at most 64 bits"},
	{"expected length", "must have a length"},
}
