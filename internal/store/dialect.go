package store

import (
	"context"
	"database/sql"
	"errors"
	"io/fs"

	"github.com/pressly/goose/v3"

	"anycheck/internal/fault"
)

// dialect is where the engines differ once the database is open.
type dialect struct {
	name       string // "sqlite" or "postgres"
	goose      goose.Dialect
	migrations fs.FS
	// hasTable is a query that tells whether there is a table called $1.
	hasTable string
	// writingCTE tells that WITH takes statements that write.
	writingCTE bool
	// classify tells what a driver's error means, by its code.
	classify func(error) class
}

// class is what the program does about a driver's error.
type class int

const (
	other         class = iota
	unique              // the row is there already
	foreignKey          // another row needs the row, or it needs one that is gone
	serialization       // run the transaction again
	busy                // the database is down or overloaded; later may help
	unstorable          // a text that the engine does not take
	interrupted         // the caller's context ended the statement
)

func (d dialect) foreignKey(err error) bool    { return err != nil && d.classify(err) == foreignKey }
func (d dialect) serialization(err error) bool { return err != nil && d.classify(err) == serialization }

// translate turns a driver's error into a fault; faults and the ends of
// contexts pass.
func (d dialect) translate(err error) error {
	if err == nil || errors.As(err, new(*fault.Error)) || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	if errors.Is(err, sql.ErrNoRows) {
		return fault.Wrap(err, fault.NotFound, "There is no such thing.")
	}
	switch d.classify(err) {
	case unique:
		return fault.Wrap(err, fault.Conflict, "This exists already.").WithCode(fault.CodeAlreadyExists)
	case foreignKey:
		return fault.Wrap(err, fault.Conflict, "This is still in use, or needs something that is gone.")
	case serialization, busy:
		return fault.Wrap(err, fault.Unavailable, "The database is busy or cannot be reached. Please try again.")
	case unstorable:
		return fault.Wrap(err, fault.Invalid, "A text has characters that cannot be stored.")
	case interrupted:
		return errors.Join(context.Canceled, err)
	}
	return fault.Wrap(err, fault.Internal, "Something went wrong on our side. Nothing was changed; please try again.")
}
