// Package commits finds what a release brought: the GitLab commits between the version
// that was there before and the one that comes, without merges, repetitions and noise.
//
// It speaks to GitLab through the official Go client, in its major version 1. Measured
// as a stripped Lambda of one request each (linux/amd64, median of two times 15 starts):
//
//	client-go v1.46.0     8.40 MB    init 3.1 ms
//	client-go/v2 v2.64.0  8.62 MB    init 4.0 ms
//	net/http alone        6.30 MB    init 3.0 ms
//
// For the one request made here, both majors are alike, so the smaller and faster is
// taken. The client makes the request (address, escaping, token), but its type for the
// answer is not used: it holds every diff in memory (104 MB at the peak for an answer of
// 31 MB with 10,000 commits, against 22 MB when read as a stream, as here), and it
// refuses a whole answer in which a commit's extended_trailers are filled.
package commits

import (
	"context"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"fanfare/internal/account"
	"fanfare/internal/deployment"
	"fanfare/internal/failure"
	"fanfare/internal/outbound"
	"fanfare/internal/secret"
)

// Budget is how long finding the commits may take in all, reading the token included:
// the message, and with it perhaps a page, waits for them.
const Budget = 5 * time.Second

// Finder finds commits. The fields are set before its first use and not changed after;
// then it may be used by several goroutines.
type Finder struct {
	// Account says which GitLab, which project, which refs and what is noise.
	Account account.Account
	// Token gives GitLab's token, by the name secret.GitLabToken. It needs the scope
	// read_api: https://docs.gitlab.com/user/profile/personal_access_tokens/
	Token secret.Store
	// HTTP sends the request; a client of the package outbound when nil.
	HTTP *http.Client
	// Log hears of every trouble; nobody does when nil.
	Log *slog.Logger

	budget time.Duration // Budget when zero
	once   sync.Once
	rules  rules
}

// Find returns the commits between the two images, or revisions, of the document's
// release, newest first. Any trouble only shortens the message: Reason then says in a few
// plain words why there are none, and CompareURL is given all the same if it is known.
func (f *Finder) Find(ctx context.Context, doc deployment.Document) deployment.Commits {
	f.once.Do(f.prepare)
	ctx, cancel := context.WithTimeout(outbound.WithEvent(ctx, doc.Deployment.Event), f.budget)
	defer cancel()

	q, reason := f.rules.question(doc)
	found := deployment.Commits{Items: []deployment.Commit{}, Removed: q.removed, Reason: reason}
	if reason != "" {
		return found
	}
	found.CompareURL = q.compareURL("")
	a, err := f.ask(ctx, q)
	if err != nil {
		found.Reason = reasonOf(err, q)
		// Classify takes addresses out of the text.
		f.Log.WarnContext(ctx, "no commits from GitLab", "service", doc.Deployment.Subject(),
			"reason", found.Reason, "error", failure.Classify(err).Error())
		return found
	}
	found.CompareURL = q.compareURL(a.webURL)
	found.Items, found.Filtered = f.rules.filter(a.commits, q)
	found.Total = len(a.commits) - found.Filtered
	if found.Total == 0 {
		found.Reason = a.emptiness()
	}
	return found
}

// prepare fills in what was left out, and compiles once what every document needs.
func (f *Finder) prepare() {
	if f.budget == 0 {
		f.budget = Budget
	}
	if f.HTTP == nil {
		f.HTTP = outbound.NewClient(Budget)
	}
	if f.Log == nil {
		f.Log = slog.New(slog.DiscardHandler)
	}
	f.rules = newRules(f.Account, f.Log)
}
