package app

import (
	"context"
	"sync"
	"time"

	"github.com/fallow-dev/fallow/internal/config"
	"github.com/fallow-dev/fallow/internal/gateway"
	"github.com/fallow-dev/fallow/internal/rebalance"
	"github.com/fallow-dev/fallow/internal/revision"
)

// Job is the scheduled job by the document in force, as Live is the gateway by
// it. A new document gets a runner of its own; one that no runner can be made of,
// or that must not be served, leaves the one before at work. It is safe for
// concurrent use.
type Job struct {
	cfg     LiveConfig
	current func(context.Context) (*config.Config, revision.Revision)

	mu     sync.Mutex // guards what follows
	runner *rebalance.Runner
	by     gateway.InForce   // what runner was made of
	hash   string            // of its whole text
	tried  revision.Revision // the last one, at work or unfit
}

// JobReport is what one run did, and by which document.
type JobReport struct {
	rebalance.Report
	Config gateway.InForce `json:"config"`
}

// NewJob makes the job of a process that has no Live: it follows revisions by
// itself if the deployed document, which must be fit, says so. Beside is not
// used. The table is first read by the first run, for at most 2 s; without an
// answer that run goes by the deployed document.
func NewJob(cfg LiveConfig) (*Job, error) {
	cfg = cfg.withDefaults()
	source, hash, err := follow(cfg)
	if err != nil {
		return nil, err
	}
	j := &Job{cfg: cfg}
	file := revision.Revision{Hash: hash, Source: revision.FromFile}
	if j.current = j.deployed; source != nil {
		j.current = source.Current
	}
	return j, j.begin(cfg.Document, file)
}

// Job makes the job beside a gateway. It goes by what is served, so that the two
// never see different pools, and does not read the table for it.
func (l *Live) Job() (*Job, error) {
	j := &Job{cfg: l.cfg, current: l.Current}
	return j, j.begin(l.Current(context.Background()))
}

// deployed is what is in force where revisions are not followed.
func (j *Job) deployed(context.Context) (*config.Config, revision.Revision) {
	return j.cfg.Document, revision.Revision{Source: revision.FromFile}
}

// begin makes the first runner.
func (j *Job) begin(doc *config.Config, from revision.Revision) error {
	runner, err := j.build(doc)
	if err == nil {
		j.tried = from
		j.take(runner, from)
	}
	return err
}

// Run does the job once, as rebalance.Runner.Run, by the document in force.
func (j *Job) Run(ctx context.Context) (JobReport, error) {
	runner, by := j.refresh(ctx)
	report, err := runner.Run(ctx)
	return JobReport{report, by}, err
}

// Every runs the job at that interval until the context ends, as
// rebalance.Runner.Every.
func (j *Job) Every(ctx context.Context, interval time.Duration) {
	rebalance.Every(ctx, interval, j.cfg.Log, func(ctx context.Context) error {
		_, err := j.Run(ctx)
		return err
	})
}

// refresh returns the runner for the document in force.
func (j *Job) refresh(ctx context.Context) (*rebalance.Runner, gateway.InForce) {
	j.mu.Lock()
	defer j.mu.Unlock()
	doc, now := j.current(ctx)
	if now == j.tried {
		return j.runner, j.by
	}
	j.tried = now
	runner, err := j.runner, error(nil)
	if now.Hash != j.hash { // else it is the same text, as after a rollback
		runner, err = j.build(doc)
	}
	if err != nil {
		j.cfg.Log.Error("config revision cannot be used by the rebalancer", "revision", now.String(), "hash", now.Hash,
			"error", err, "in_use", j.by.Revision)
		return j.runner, j.by
	}
	j.take(runner, now)
	j.cfg.Log.Info("rebalancer goes by config", "revision", now.String(), "hash", now.Hash)
	return j.runner, j.by
}

func (j *Job) take(runner *rebalance.Runner, from revision.Revision) {
	j.runner, j.hash, j.by = runner, from.Hash, inForce(from, j.cfg.Now())
}

// build makes a runner of a document. It does no I/O.
func (j *Job) build(doc *config.Config) (*rebalance.Runner, error) {
	if j.cfg.Check != nil {
		if err := j.cfg.Check(doc); err != nil {
			return nil, err
		}
	}
	cfg := j.cfg.Config
	cfg.Document = doc
	return Rebalancer(cfg)
}
