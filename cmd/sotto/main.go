// Command sotto is the whole shop: the server, its workers, the demo and the tools of merchants and operators.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"

	"github.com/alecthomas/kong"

	"sotto.chat/cmd/sotto/practice"
)

// commands is the command line.
type commands struct {
	// The settings come from the environment; their flags are hidden.
	Settings settings `embed:"" prefix:"set-"`

	Demo       demoCmd              `cmd:"" help:"Open a shop to try: embedded database, seeded catalog, payments sandbox, stand-ins for the platforms."`
	Serve      serveCmd             `cmd:"" help:"Serve HTTP and work on promises."`
	Work       workCmd              `cmd:"" help:"Work on promises only, beside replicas that serve."`
	Migrate    migrateCmd           `cmd:"" help:"Bring the schema up to date, or show its state."`
	Chat       chatCmd              `cmd:"" help:"Talk to a shop in the terminal."`
	Import     importCmd            `cmd:"" help:"Bring a catalog file into a shop: a dry run first, then for real."`
	Export     exportCmd            `cmd:"" help:"Write a shop's catalog as a file."`
	Merchant   merchantCmd          `cmd:"" help:"Open a merchant."`
	Key        keyCmd               `cmd:"" help:"Make an API key."`
	Channel    channelCmd           `cmd:"" help:"Connect a platform."`
	Understand understandCmd        `cmd:"" help:"Read messages from stdin and print what the bot understands."`
	Test       practice.TestCmd     `cmd:"" help:"Play written conversations (*.chat) in a shop of their own; exit 1 where something is not as written."`
	Try        practice.TryCmd      `cmd:"" help:"Show what the bot makes of a message, and why."`
	Rehearse   practice.RehearseCmd `cmd:"" help:"Play the starter set and the merchant's own conversations against a copy of the live shop, and tell what has changed."`
	Search     searchCmd            `cmd:"" help:"Read queries from stdin and print the products found."`
	Audit      auditCmd             `cmd:"" help:"Check that money, stock, holds, orders and sent messages agree; exit 1 where not."`
	Doctor     doctorCmd            `cmd:"" help:"Check every setting and outside party, each finding with its remedy."`
	Version    versionCmd           `cmd:"" help:"Print the version."`
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	var c commands
	k := kong.Parse(&c, kong.Name("sotto"), kong.Description("A shop that lives in a chat."), kong.UsageOnError(),
		kong.BindTo(ctx, (*context.Context)(nil)))
	k.FatalIfErrorf(k.Run(ctx, &c.Settings, c.Settings.live()))
}

type versionCmd struct{}

// Run prints the version.
func (versionCmd) Run() error {
	fmt.Println("sotto", version())
	return nil
}

// version is the module's version, or the commit it was built from.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	if v := info.Main.Version; v != "" && v != "(devel)" {
		return v
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" {
			return "dev-" + s.Value[:12]
		}
	}
	return "dev"
}
