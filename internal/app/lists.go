package app

import (
	"context"
	"errors"
	"os"
	"time"

	"anycheck/internal/fault"
	"anycheck/internal/outbound"
	"anycheck/internal/watchlist"
)

// updatesEvery is how often a server looks whether a source of lists is due;
// how often each is asked, watchlist knows.
const updatesEvery = time.Hour

// ListSources are the configured sources of watch lists.
func (p *Platform) ListSources() ([]watchlist.Source, error) {
	sources, err := watchlist.ParseSources(p.cfg.ListSources)
	if err != nil {
		return nil, fault.Wrap(err, fault.Invalid, "ANYCHECK_LIST_SOURCES: %s", fault.From(err).Message)
	}
	return sources, nil
}

// ListUpdater downloads watch lists; nil calls through outbound.NewTrusted.
func (p *Platform) ListUpdater(calls watchlist.Caller) *watchlist.Updater {
	if calls == nil {
		calls = outbound.NewTrusted()
	}
	return watchlist.NewUpdater(p.Lists, calls, func() (watchlist.Scratch, error) { return openScratch(p.cfg.DataDir) })
}

// openScratch opens a file without a name: a crash leaves nothing behind.
func openScratch(dir string) (*os.File, error) {
	f, err := os.CreateTemp(dir, ".download-*")
	if err != nil {
		return nil, err
	}
	if err := os.Remove(f.Name()); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}

// listUpdates brings a server's lists up to date. It works beside the queue,
// whose jobs have less time than a download may take.
type listUpdates struct {
	platform *Platform
	sources  []watchlist.Source
	updater  *watchlist.Updater
	due      chan struct{}
}

func (s *Server) openUpdates(calls watchlist.Caller) (*listUpdates, error) {
	sources, err := s.ListSources()
	if err != nil || len(sources) == 0 {
		return nil, err
	}
	return &listUpdates{s.Platform, sources, s.ListUpdater(calls), make(chan struct{}, 1)}, nil
}

// wake has the sources looked at soon, once however often it is called.
func (u *listUpdates) wake(context.Context) error {
	select {
	case u.due <- struct{}{}:
	default:
	}
	return nil
}

// start works until ctx ends; stopped waits for that.
func (u *listUpdates) start(ctx context.Context) (stopped func()) {
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			select {
			case <-ctx.Done():
				return
			case <-u.due:
				u.run(ctx)
			}
		}
	}()
	return func() {
		cancel()
		<-done
	}
}

// run asks the sources that are due. What one cannot give leaves the others
// and the last good version as they are.
func (u *listUpdates) run(ctx context.Context) {
	log := u.platform.log
	for _, s := range u.sources {
		done, err := u.updater.Update(ctx, s, watchlist.UpdateOptions{OnlyDue: true})
		if ctx.Err() != nil {
			return
		}
		if err == nil && len(done.Lists) > 0 {
			err = u.platform.Lists.Refresh(ctx) // or the next tick would
		}
		if err != nil {
			log.Warn("a source of watch lists failed; the last good version stays in use", "source", s.Name, "error", err)
			continue
		}
		for _, l := range done.Lists {
			log.Info("watch list imported", "source", s.Name, "list", l.Name, "version", l.Import.Version, "entities", l.Entities, "changes", l.Import.Changes.String())
		}
	}
}
