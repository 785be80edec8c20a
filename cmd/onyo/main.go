// Command onyo is the composition root: settings, commands, and the explicit
// list of adapters. It holds no logic of its own.
package main

import (
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"
	"time"
	_ "time/tzdata" // zones on machines that have none

	"github.com/alecthomas/kong"

	"github.com/onyo-project/onyo/channels"
	"github.com/onyo-project/onyo/channels/app"
	"github.com/onyo-project/onyo/channels/chat"
	"github.com/onyo-project/onyo/channels/email"
	"github.com/onyo-project/onyo/channels/sms"
	"github.com/onyo-project/onyo/channels/social"
	"github.com/onyo-project/onyo/channels/twitter"
	"github.com/onyo-project/onyo/pkg/intake"
)

// kinds is every kind of channel that this binary has, as its host shows it.
// Adding one is a line.
func kinds() []channels.Kind {
	all := []channels.Kind{
		app.Kind(),
		app.OpenRosa(),
		sms.Twilio(),
		sms.Vonage(),
		sms.AfricasTalking(),
		sms.AfricasTalkingUSSD(),
		sms.Gateway(),
		email.IMAP(),
		email.SMTP(),
		email.Mailgun(),
		email.Postmark(),
		email.SendGrid(),
		chat.Telegram(),
		chat.WhatsApp(),
		twitter.Kind(),
		social.Mastodon(),
		social.Bluesky(),
		social.Feed(),
	}
	for i := range all {
		all[i] = intake.Hosted(all[i])
	}
	return all
}

// cli is the command line (CONTRACT, Commands).
type cli struct {
	settings
	Verbose bool `name:"verbose" short:"v" help:"Log more."`

	Serve    serveCmd    `cmd:"" help:"Serve. On an empty directory it prints one setup link."`
	Person   personCmd   `cmd:"" help:"People: add."`
	Token    tokenCmd    `cmd:"" help:"Bearer tokens for programs: add."`
	Channel  channelCmd  `cmd:"" help:"Channels: kinds, add, list, test, rotate."`
	Simulate simulateCmd `cmd:"" help:"Play a scenario through a server's real endpoints."`
	Import   importCmd   `cmd:"" help:"Import reports from other systems."`
	Export   exportCmd   `cmd:"" help:"Export reports, incidents or hotspots."`
	Place    placeCmd    `cmd:"" help:"Where could this be? One JSON object a line."`
	Places   placesCmd   `cmd:"" help:"The deployment's own places: import, list, remove."`
	Explain  explainCmd  `cmd:"" help:"What would triage suggest for this text? One JSON object a line."`
	Hotspots hotspotsCmd `cmd:"" help:"Find dense groups in a file of points, with the server's engine."`
	Ledger   ledgerCmd   `cmd:"" help:"The ledger: verify, checkpoint."`
	Inbox    inboxCmd    `cmd:"" help:"Messages that could not be worked: ls, retry."`
	Key      keyCmd      `cmd:"" help:"The key: confirm, restore."`
	Backup   backupCmd   `cmd:"" help:"Copy everything but the key into one file, while serving or not."`
	Restore  restoreCmd  `cmd:"" help:"Put a backup into an empty data directory."`
	Doctor   doctorCmd   `cmd:"" help:"Look for what is wrong or dangerous."`
	Config   configCmd   `cmd:"" help:"Settings: doc."`
	Version  versionCmd  `cmd:"" help:"Print the version."`
}

// world is what commands are given: settings, and everything that is not the
// program's own.
type world struct {
	settings
	out, errOut io.Writer
	in          io.Reader
	clock       func() time.Time
	random      io.Reader
	log         *slog.Logger
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, "onyo:", err)
		os.Exit(1)
	}
}

// run is main without the process: what tests call.
func run(ctx context.Context, args []string, in io.Reader, out, errOut io.Writer) error {
	var command cli
	parser, err := kong.New(&command, kong.Name("onyo"), kong.UsageOnError(), kong.Writers(out, errOut),
		kong.Description("Crowdsourced crisis mapping: reports in, checked by people, hotspots out."),
		kong.Configuration(yamlResolver, "onyo.yaml"), kong.BindTo(ctx, (*context.Context)(nil)), kong.BindTo(out, (*io.Writer)(nil)))
	if err != nil {
		return fmt.Errorf("read the commands: %w", err)
	}
	parsed, err := parser.Parse(plainArguments(args))
	if err != nil {
		return err
	}
	if err := command.complete(); err != nil {
		return err
	}
	level := slog.LevelInfo
	if command.Verbose {
		level = slog.LevelDebug
	}
	w := &world{settings: command.settings, in: in, out: out, errOut: errOut, clock: time.Now, random: rand.Reader,
		log: slog.New(slog.NewJSONHandler(errOut, &slog.HandlerOptions{Level: level}))}
	return parsed.Run(w)
}

type versionCmd struct{}

// Run prints the version that the build recorded.
func (versionCmd) Run(w *world) error {
	version := "(devel)"
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
		version = info.Main.Version
	}
	_, err := fmt.Fprintln(w.out, "onyo", version)
	return err
}
