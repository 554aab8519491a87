package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"runtime/debug"
	"time"

	"sotto.chat/internal/database"
	"sotto.chat/migrations"
	"sotto.chat/web"
)

// grace is how long requests and work in hand may go on after a signal.
const grace = 15 * time.Second

type serveCmd struct{}

// Run serves until a signal.
func (serveCmd) Run(ctx context.Context, s *settings) error {
	log := s.logger()
	s.serving = true
	h, err := openHouse(ctx, s, log)
	if err != nil {
		return err
	}
	l, err := net.Listen("tcp", s.Listen)
	if err != nil {
		return errors.Join(fmt.Errorf("SOTTO_LISTEN: %w", err), h.close())
	}
	server, err := h.server(l)
	if err != nil {
		return errors.Join(err, l.Close(), h.close())
	}
	log.Info("serving", "listen", l.Addr().String(), "version", version())
	go debug.FreeOSMemory() // what the start left over is most of what an idle shop would hold
	return h.run(ctx, server)
}

type workCmd struct{}

// Run works on promises until a signal.
func (workCmd) Run(ctx context.Context, s *settings) error {
	log := s.logger()
	h, err := openHouse(ctx, s, log)
	if err != nil {
		return err
	}
	log.Info("working", "version", version())
	return h.run(ctx, nil)
}

// server builds the doors behind an open listener.
func (h *house) server(l net.Listener) (*web.Server, error) {
	handler, err := web.New(web.Config{Rooms: h.Rooms, Hub: h.hub, Metrics: h.metrics, Tracer: h.tracer, Repeats: h.repeats, WeChat: h.wechat,
		PayOrigins: h.payOrigins(), TrustedProxies: splitList(h.settings.TrustedProxies), Ready: h.ready})
	if err != nil {
		return nil, err
	}
	return web.NewServer(l, handler, h.log), nil
}

// heapGrowth lets the heap grow to three times what lives before it is collected: what lives is small, and collecting as
// often as is usual costs a tenth of the processor; four times passes a hundred megabytes under load. GOGC overrules it.
const heapGrowth = 200

// run starts the parts from the ground up, and stops them in reverse when ctx ends.
func (h *house) run(ctx context.Context, server *web.Server) error {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(heapGrowth)
	}
	live, stopLive := context.WithCancel(context.WithoutCancel(ctx))
	defer stopLive()
	go func() {
		if err := h.hub.Run(live); err != nil && live.Err() == nil {
			h.log.Error("live updates between replicas ended", "error", err)
		}
	}()
	if err := h.desk.Start(ctx); err != nil {
		return errors.Join(err, h.close())
	}
	var err error
	if server != nil {
		err = server.Run(ctx, grace)
	} else {
		<-ctx.Done()
	}
	h.log.Info("stopping")
	stop, cancel := context.WithTimeout(context.WithoutCancel(ctx), grace)
	defer cancel()
	return errors.Join(err, h.desk.Stop(stop), h.tracer.Close(stop), h.close())
}

func (h *house) close() error { return h.DB.Close() }

// ready tells what keeps this replica from serving.
func (h *house) ready(ctx context.Context) error {
	steps, err := h.DB.Steps(ctx, migrations.Files)
	if err != nil {
		return err
	}
	for _, s := range steps {
		if !s.Applied {
			return fmt.Errorf("the schema lacks step %d", s.Version)
		}
	}
	return nil
}

type migrateCmd struct {
	Up     migrateUp     `cmd:"" help:"Apply the steps that are missing."`
	Status migrateStatus `cmd:"" help:"List the steps."`
}

type migrateUp struct{}

// Run applies what is missing.
func (migrateUp) Run(ctx context.Context, s *settings) error {
	return withDatabase(ctx, s, func(db *database.DB) error {
		if err := db.Migrate(ctx, migrations.Files); err != nil {
			return err
		}
		fmt.Println("The schema is up to date.")
		return nil
	})
}

type migrateStatus struct{}

// Run lists the steps.
func (migrateStatus) Run(ctx context.Context, s *settings) error {
	return withDatabase(ctx, s, func(db *database.DB) error {
		steps, err := db.Steps(ctx, migrations.Files)
		for _, st := range steps {
			state := "missing"
			if st.Applied {
				state = "applied"
			}
			fmt.Printf("%-8s %s\n", state, st.Name)
		}
		return err
	})
}

func withDatabase(ctx context.Context, s *settings, f func(*database.DB) error) error {
	db, err := openDatabase(ctx, s)
	if err != nil {
		return err
	}
	return errors.Join(f(db), db.Close())
}

// withHouse opens the rooms for one command that does its work and ends.
func withHouse(ctx context.Context, s *settings, f func(*house) error) error {
	h, err := openHouse(ctx, s, s.quietLogger())
	if err != nil {
		return err
	}
	return errors.Join(f(h), h.close())
}

// quietLogger keeps commands that print for people free of log lines below warnings.
func (s *settings) quietLogger() *slog.Logger {
	c := *s
	if c.LogLevel == "info" {
		c.LogLevel = "warn"
	}
	return c.logger()
}
