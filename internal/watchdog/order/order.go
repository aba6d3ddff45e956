// Package order is what the step Watch and the watchdog say to each other: which
// deployment is to be looked after, and when.
package order

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"regexp"
	"strings"
	"time"

	"fanfare/internal/deployment"
	"fanfare/internal/failure"
	"fanfare/internal/text"
)

// MaxMinutes is the longest time that a deployment may be given: a day.
const MaxMinutes = 24 * 60

// Order asks the watchdog to look after a deployment.
type Order struct {
	// Deployment is what the event that began it said.
	Deployment deployment.Deployment `json:"deployment"`
	// Kind is the deployment's kind as the ledger knew it.
	Kind deployment.Kind `json:"kind"`
	// StartedAt is when the deployment's first event was emitted, as far as seen.
	StartedAt time.Time `json:"startedAt"`
	// Minutes is how long it is given, from 1 to [MaxMinutes].
	Minutes int `json:"minutes"`
	// Due is when the watchdog is to look.
	Due time.Time `json:"due"`
}

// Key names the deployment in the ledger.
func (o Order) Key() string { return deployment.Key(o.Deployment, o.Kind) }

// Name is the same for the same parts of the same order, and fit to be the name of a
// schedule or an execution, and an event's id: the prefix and 40 hexadecimal digits.
func (o Order) Name(prefix string, parts ...string) string {
	whole := append([]string{o.Key(), o.StartedAt.UTC().Format(time.RFC3339Nano)}, parts...)
	sum := sha256.Sum256([]byte(strings.Join(whole, "|")))
	return prefix + hex.EncodeToString(sum[:20])
}

// What ECS allows as names, and what package normalise lets through as the rest. All of it
// becomes part of ARNs.
var (
	name  = regexp.MustCompile(`^[A-Za-z0-9_-]{1,255}$`)
	id    = regexp.MustCompile(`^[!-~]{1,256}$`)
	place = regexp.MustCompile(`^[!-.0-9;-{}~]{1,256}$`) // without / : |
)

// Parse reads an order. Every error is a [failure.Permanent] that names the field and
// what was expected there.
func Parse(raw []byte) (Order, error) {
	var o Order
	if err := json.Unmarshal(raw, &o); err != nil {
		return Order{}, failure.Permanentf("reading the watchdog's input: %w", err)
	}
	d := o.Deployment
	for _, field := range []struct {
		ok                   bool
		name, wanted, former string
	}{
		{d.Source == deployment.ECS && d.Pipeline == "", "source", "an ECS deployment", d.Source},
		{d.Drill == nil, "drill", "no drill", "one"},
		{place.MatchString(d.Account), "account", "the AWS account's number", d.Account},
		{place.MatchString(d.Region), "region", "a region such as eu-west-1", d.Region},
		{place.MatchString(d.Partition), "partition", "a partition such as aws", d.Partition},
		{d.Cluster == "" || name.MatchString(d.Cluster), "cluster", "a cluster's name", d.Cluster},
		{name.MatchString(d.Service), "service", "a service's name", d.Service},
		{id.MatchString(d.ID), "id", "a deployment's id", d.ID},
	} {
		if !field.ok {
			return Order{}, failure.Permanentf("deployment.%s: %s expected, found %q", field.name, field.wanted, text.Cut(text.Line(field.former), 100))
		}
	}
	switch {
	case o.Kind != deployment.Ordinary && o.Kind != deployment.Rollback:
		return Order{}, failure.Permanentf("kind: deployment or rollback expected, found %.40q", o.Kind)
	case o.Minutes < 1 || o.Minutes > MaxMinutes:
		return Order{}, failure.Permanentf("minutes: 1 to %d expected, found %d", MaxMinutes, o.Minutes)
	case o.StartedAt.IsZero() || o.Due.IsZero():
		return Order{}, failure.Permanentf("startedAt, due: times expected, found none")
	}
	return o, nil
}
