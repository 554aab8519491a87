package catalog

import (
	"context"
	"errors"
)

// Report says what an import did, or would do. Rows with problems were left out.
type Report struct {
	Created   int
	Updated   int
	Unchanged int
	Problems  []Problem
}

// Import brings products, categories and questions of a file into the catalog, by sku and id; what the
// file does not name stays. It works in batches, each a transaction of its own. With dryRun it only reports.
// progress (may be nil) is called after each batch.
func (c *Catalog) Import(ctx context.Context, merchant string, f File, dryRun bool, progress func(done, total int)) (Report, error) {
	return Report{}, errors.ErrUnsupported
}

// File gives the live catalog as a file and the version that it has.
func (c *Catalog) File(ctx context.Context, merchant string) (File, int64, error) {
	return File{}, 0, errors.ErrUnsupported
}

// Version is a number that moves with every change of the catalog except stock.
func (c *Catalog) Version(ctx context.Context, merchant string) (int64, error) {
	return 0, errors.ErrUnsupported
}
