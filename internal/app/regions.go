package app

import (
	"bytes"
	"context"
	"errors"
	"io"
	"path/filepath"

	"anycheck/internal/blob"
	"anycheck/internal/config"
	"anycheck/internal/fault"
	"anycheck/internal/ktp"
	"anycheck/internal/verification"
)

// regionsPath is where the imported table of regions lies among the files,
// which nodes of one database share. It is replaced as a whole.
const regionsPath = "regions/regions.csv.gz"

// ImportRegions keeps a table of regions in place of the one before; readers
// that are open go on with theirs.
func (p *Platform) ImportRegions(ctx context.Context, table io.Reader) (*ktp.Regions, error) {
	regions, err := ktp.ParseRegions(table)
	if err != nil {
		return nil, err
	}
	var packed bytes.Buffer
	if err := regions.Pack(&packed); err != nil {
		return nil, err
	}
	return regions, p.blobs.Put(ctx, regionsPath, &packed)
}

// Regions is the imported table, or the one that is built in.
func (p *Platform) Regions(ctx context.Context) (regions *ktp.Regions, imported bool, err error) {
	return readRegions(ctx, p.blobs)
}

func readRegions(ctx context.Context, blobs verification.Blobs) (*ktp.Regions, bool, error) {
	f, err := blobs.Open(ctx, regionsPath)
	if fault.Is(err, fault.NotFound) {
		return ktp.BuiltInRegions(), false, nil
	}
	if err != nil {
		return nil, false, err
	}
	defer f.Close()
	regions, err := ktp.ParseRegions(f)
	if err != nil {
		return nil, false, fault.Wrap(err, fault.Unavailable, "The imported table of regions is damaged; import it again")
	}
	return regions, true, nil
}

// openRegions reads the table of a data folder.
func openRegions(ctx context.Context, cfg config.Config) (*ktp.Regions, error) {
	blobs, err := blob.OpenLocal(filepath.Join(cfg.DataDir, "blobs"))
	if err != nil {
		return nil, err
	}
	regions, _, err := readRegions(ctx, blobs)
	return regions, errors.Join(err, blobs.Close())
}
