package transcript

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"sotto.chat/catalog"
	"sotto.chat/internal/database"
	"sotto.chat/migrations"
	"sotto.chat/privacy"
)

// Theatre plays many scripts, each on a stage of its own: a fresh embedded database in a folder that is removed in the end.
type Theatre struct {
	// Shop is where scripts play that name no shop of their own; nil where each must.
	Shop *Shop
	// Goods finds the catalog file that a script names; nil where a script may name none.
	Goods func(script, file string) (catalog.File, error)
	// Progress hears of each script that is done; nil where nobody waits.
	Progress func(done, total int)
	Log      *slog.Logger

	dir    string
	empty  []byte // a migrated database without a shop
	master []byte
	image  []byte // the database with Shop in it
	shop   string // the merchant in image
}

// clock is a time that moves only forward, by the wall clock and by leaps.
type clock struct {
	mu   sync.Mutex
	leap time.Duration
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return time.Now().UTC().Add(c.leap)
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.leap += d
}

// Play plays the scripts one after the other. An error means that the theatre itself failed; what is wrong with a script
// is in its result.
func (t *Theatre) Play(ctx context.Context, scripts []Script) (results []Result, err error) {
	if t.Log == nil {
		t.Log = slog.New(slog.NewTextHandler(io.Discard, nil))
	}
	if t.dir, err = os.MkdirTemp("", "sotto-rehearsal-"); err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(t.dir)) }()
	t.master = make([]byte, privacy.MasterLength)
	_, _ = rand.Read(t.master) // crypto/rand never fails
	for i, script := range scripts {
		if err := ctx.Err(); err != nil {
			return results, err
		}
		r, err := t.one(ctx, script)
		if err != nil {
			return results, fmt.Errorf("%s: %w", script.Name, err)
		}
		results = append(results, r)
		if t.Progress != nil {
			t.Progress(i+1, len(scripts))
		}
	}
	return results, nil
}

// one plays a script on a fresh stage.
func (t *Theatre) one(ctx context.Context, script Script) (r Result, err error) {
	shop, own := t.Shop, script.Shop != nil
	if own {
		s := *script.Shop
		if t.Goods == nil {
			return Result{Name: script.Name, Skipped: "it names a catalog file, and here is none"}, nil
		}
		if s.Goods, err = t.Goods(script.Name, s.File); err != nil {
			return Result{Name: script.Name, Problem: &Problem{script.Name, 1, err.Error()}}, nil
		}
		shop = &s
	}
	if shop == nil {
		return Result{Name: script.Name, Problem: &Problem{script.Name, 1, "it names no shop: begin with a line “shop: menu.json, USD, US, en, pickup”, or give a catalog file"}}, nil
	}
	script, why := script.fill(placesOf(shop))
	if why != "" {
		return Result{Name: script.Name, Steps: len(script.Steps), Skipped: why}, nil
	}
	stage, done, err := t.stage(ctx, withoutPictures(*shop), own)
	if err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, done()) }()
	return stage.Play(ctx, script), nil
}

// withoutPictures leaves out what no step looks at: in a file pictures may be named that only another program can find.
func withoutPictures(shop Shop) *Shop {
	shop.Goods.Products = slices.Clone(shop.Goods.Products)
	for i := range shop.Goods.Products {
		shop.Goods.Products[i].Images = nil
	}
	return &shop
}

// stage opens a fresh one: a copy of the image that holds the theatre's shop, or an empty one for a script's own shop.
func (t *Theatre) stage(ctx context.Context, shop *Shop, own bool) (stage *Stage, done func() error, err error) {
	if t.empty == nil {
		if t.empty, err = t.paint(ctx, nil, func(db *database.DB, _ *clock) error { return db.Migrate(ctx, migrations.Files) }); err != nil {
			return nil, nil, err
		}
	}
	if own {
		return t.open(ctx, t.empty, func(p Props) (*Stage, error) { return Open(ctx, p, *shop) })
	}
	if t.image == nil {
		t.image, err = t.paint(ctx, t.empty, func(db *database.DB, c *clock) error {
			s, err := Open(ctx, t.props(db, c), *shop)
			if err == nil {
				t.shop = s.Merchant.ID
				s.Close()
			}
			return err
		})
		if err != nil {
			return nil, nil, err
		}
	}
	return t.open(ctx, t.image, func(p Props) (*Stage, error) { return enter(ctx, p, t.shop) })
}

func (t *Theatre) props(db *database.DB, c *clock) Props {
	return Props{DB: db, Advance: c.advance, Log: t.Log, Master: t.master}
}

// paint makes an image of a database after f has worked on it.
func (t *Theatre) paint(ctx context.Context, from []byte, f func(db *database.DB, c *clock) error) ([]byte, error) {
	file := filepath.Join(t.dir, "image.db")
	db, c, err := t.unfold(ctx, file, from)
	if err != nil {
		return nil, err
	}
	if err := errors.Join(f(db, c), db.Close()); err != nil { // closing folds the journal into the file
		return nil, err
	}
	image, err := os.ReadFile(file)
	return image, errors.Join(err, wipe(file))
}

func (t *Theatre) unfold(ctx context.Context, file string, image []byte) (*database.DB, *clock, error) {
	if image != nil {
		if err := os.WriteFile(file, image, 0o600); err != nil {
			return nil, nil, err
		}
	}
	c := &clock{}
	db, err := database.Open(ctx, "sqlite:"+file, c.now)
	return db, c, err
}

// open puts a stage up; done takes it down.
func (t *Theatre) open(ctx context.Context, image []byte, f func(Props) (*Stage, error)) (*Stage, func() error, error) {
	file := filepath.Join(t.dir, "stage.db")
	db, c, err := t.unfold(ctx, file, image)
	if err != nil {
		return nil, nil, err
	}
	s, err := f(t.props(db, c))
	if err != nil {
		return nil, nil, errors.Join(err, db.Close())
	}
	return s, func() error {
		s.Close()
		return errors.Join(db.Close(), wipe(file))
	}, nil
}

// wipe removes a database with the files beside it.
func wipe(file string) error {
	for _, end := range []string{"", "-wal", "-shm"} {
		if err := os.Remove(file + end); err != nil && !errors.Is(err, os.ErrNotExist) {
			return err
		}
	}
	return nil
}
