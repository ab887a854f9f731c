package fault

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"testing"
)

// The one table of what each kind means at the edges.
func TestMeanings(t *testing.T) {
	tests := []struct {
		kind Kind
		code Code
		http int
		job  Retry
		exit int
	}{
		{Internal, CodeInternal, http.StatusInternalServerError, RetryLater, 1},
		{Invalid, CodeInvalidRequest, http.StatusBadRequest, Cancel, 2},
		{Unauthenticated, CodeUnauthorized, http.StatusUnauthorized, Cancel, 3},
		{Forbidden, CodeForbidden, http.StatusForbidden, Cancel, 3},
		{NotFound, CodeNotFound, http.StatusNotFound, Cancel, 4},
		{Conflict, CodeInvalidState, http.StatusConflict, Cancel, 5},
		{Exhausted, CodeRateLimited, http.StatusTooManyRequests, Snooze, 6},
		{TooLarge, CodeFileTooLarge, http.StatusRequestEntityTooLarge, Cancel, 2},
		{Unsupported, CodeUnsupportedFileType, http.StatusUnsupportedMediaType, Cancel, 2},
		{Unavailable, CodeServiceUnavailable, http.StatusServiceUnavailable, Snooze, 7},
		{Timeout, CodeRequestTimeout, http.StatusRequestTimeout, RetryLater, 8},
	}
	for _, tt := range tests {
		e := New(tt.kind, "words")
		m := MeaningOf(tt.kind)
		if e.Code != tt.code || e.HTTP() != tt.http || m.Job != tt.job || m.Exit != tt.exit {
			t.Errorf("kind %d: %s %d, %+v", tt.kind, e.Code, e.HTTP(), m)
		}
		if (m.Level >= slog.LevelError) != (tt.kind == Internal) {
			t.Errorf("kind %d is logged at %s", tt.kind, m.Level)
		}
	}
	if len(tests) != len(meanings) {
		t.Errorf("%d kinds are tested, there are %d", len(tests), len(meanings))
	}
}

func TestCodeDecidesTheStatus(t *testing.T) {
	if got := New(Conflict, "x").WithCode(CodeAlreadyExists).HTTP(); got != http.StatusBadRequest {
		t.Errorf("%s answers %d, want 400", CodeAlreadyExists, got)
	}
	for _, code := range []Code{CodeInsufficientBalance, CodeQuotaExceeded} {
		if got := New(Exhausted, "x").WithCode(code).HTTP(); got != http.StatusForbidden {
			t.Errorf("%s answers %d, want 403", code, got)
		}
	}
}

func TestFromHidesTheCause(t *testing.T) {
	cause := errors.New("password=hunter2")
	e := From(fmt.Errorf("while saving: %w", cause))
	if e.Kind != Internal || strings.Contains(e.Message, "hunter2") {
		t.Errorf("an unclassified error becomes %+v", e)
	}
	if !errors.Is(e, cause) || !strings.Contains(e.Error(), "hunter2") {
		t.Error("the cause is lost for the log")
	}
	safe := Wrap(cause, NotFound, "There is no such folder.")
	if got := From(fmt.Errorf("deeper: %w", safe)); got != safe || got.Message != "There is no such folder." {
		t.Errorf("From(wrapped) = %+v", got)
	}
	if !Is(fmt.Errorf("x: %w", safe), NotFound) || Is(cause, NotFound) || Is(nil, NotFound) {
		t.Error("Is does not see the kind")
	}
}

func TestErrorDoesNotRepeatItself(t *testing.T) {
	inner := New(Invalid, "The file is empty.")
	for want, e := range map[string]*Error{
		"The file is empty.":                    Wrap(inner, Invalid, "%s", inner.Message),
		"ktp_file: The file is empty.":          Wrap(inner, Invalid, "ktp_file: %s", inner.Message),
		"The upload failed: The file is empty.": Wrap(inner, Invalid, "The upload failed"),
	} {
		if got := e.Error(); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

func TestField(t *testing.T) {
	e := Field("name", "must have at most %d characters", 5).WithField("other", "is %s", "odd")
	want := []FieldError{{"name", "must have at most 5 characters"}, {"other", "is odd"}}
	if e.Kind != Invalid || len(e.Fields) != 2 || e.Fields[0] != want[0] || e.Fields[1] != want[1] {
		t.Errorf("%+v", e)
	}
}
