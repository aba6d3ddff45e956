package ledger

import (
	"reflect"
	"testing"
	"time"

	"fanfare/internal/deployment"
)

func TestClaims(t *testing.T) {
	t.Parallel()
	for _, refuse := range []bool{false, true} {
		f := &table{refuse: refuse, found: item{"holder": text("whoever holds it")}}
		holder, taken, err := f.ledger().TakeEvent(t.Context(), some, "me")
		if err != nil || holder != "whoever holds it" || taken == refuse {
			t.Errorf("taking: got %s, %v, %v", holder, taken, err)
		}
		if in := f.last(t); keyOf(in.Key) != "event#"+claimKey+" claim" || values(in)[":me"] != "me" || values(in)[":now"] != "2026-03-14T12:00:00.123000000Z" {
			t.Errorf("wrote %s, %v", keyOf(in.Key), values(in))
		}
		holder, taken, err = f.ledger().TakeOver(t.Context(), some, "me", "dead")
		if err != nil || holder != "whoever holds it" || taken == refuse {
			t.Errorf("taking over: got %s, %v, %v", holder, taken, err)
		}
		if in := f.last(t); keyOf(in.Key) != "event#"+claimKey+" claim" || values(in)[":me"] != "me" || values(in)[":dead"] != "dead" {
			t.Errorf("wrote %s, %v", keyOf(in.Key), values(in))
		}
	}
}

func TestBeginDelivery(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		before item
		done   bool
		want   Attempt
	}{
		{"the first", nil, false, Attempt{Number: 1}},
		{"the third, after two that ended", item{"attempts": number(2)}, false, Attempt{Number: 3}},
		{"the second, after one that never ended", item{"attempts": number(1), "sending": text(moment(now)), "unsure": text(moment(now))}, false, Attempt{Number: 2, Unsure: now}},
		{"a row of the audit alone", item{"outcome": text("dead_lettered")}, false, Attempt{Number: 1}},
		{"somebody else's", item{"attempts": number(1), "sending": text(moment(now.Add(-10 * time.Second))), "unsure": text(moment(now))}, true,
			Attempt{Number: 2, Unsure: now, Held: 20 * time.Second}},
		{"somebody else's, whose lease is all but over", item{"sending": text(moment(now.Add(-Lease)))}, true, Attempt{Number: 1, Held: time.Second}},
		{"done", item{"attempts": number(2), "sentAt": text(moment(now)), "outcome": text("sent"), "receipt": texts(map[string]string{"ts": "1.2"})}, true,
			Attempt{Number: 3, Delivered: deployment.Delivery{Outcome: deployment.Sent, SentAt: now, Attempts: 2, Receipt: map[string]string{"ts": "1.2"}}}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			f := &table{found: test.before, refuse: test.done}
			got, err := f.ledger().BeginDelivery(t.Context(), some, "slack", "me")
			if err != nil || !reflect.DeepEqual(got, test.want) {
				t.Errorf("got %+v, %v, want %+v", got, err, test.want)
			}
			if in := f.last(t); keyOf(in.Key) != "event#"+claimKey+" delivery#slack" || values(in)[":service"] != serviceKey || in.ReturnValues != "ALL_OLD" ||
				values(in)[":me"] != "me" || values(in)[":lapsed"] != moment(now.Add(-Lease)) {
				t.Errorf("wrote %s, %v, %s", keyOf(in.Key), values(in), in.ReturnValues)
			}
		})
	}
}

func TestEndDelivery(t *testing.T) {
	t.Parallel()
	f := &table{}
	if err := f.ledger().EndDelivery(t.Context(), some, "slack", deployment.Delivery{Outcome: deployment.Wait, Attempts: 1}, false); err != nil {
		t.Fatal(err)
	}
	in := f.last(t)
	if keyOf(in.Key) != "event#"+claimKey+" delivery#slack" || expressions(in) != "SET expires = :expires, unsure = if_not_exists(unsure, :now) REMOVE sending, sender IF " {
		t.Errorf("not sent: wrote %s, %s", keyOf(in.Key), expressions(in))
	}
	sent := deployment.Delivery{Outcome: deployment.Repeated, SentAt: now, Receipt: map[string]string{"ts": "1.2"}}
	if err := f.ledger().EndDelivery(t.Context(), some, "slack", sent, true); err != nil {
		t.Fatal(err)
	}
	in = f.last(t)
	if v := values(in); v[":sent"] != moment(now) || v[":outcome"] != "repeated" ||
		!reflect.DeepEqual(getTexts(in.ExpressionAttributeValues, ":receipt"), sent.Receipt) {
		t.Errorf("sent: wrote %v", in.ExpressionAttributeValues)
	}
}

func TestWriteAudit(t *testing.T) {
	t.Parallel()
	f := &table{}
	row := Audit{
		Channel: "pagerduty", Execution: "execution-of-mine", Version: "1.42.0", Latency: 2500 * time.Millisecond,
		Decision: deployment.Decision{Decision: deployment.Deliver, Reason: deployment.ProductionSuccess},
		Delivery: deployment.Delivery{Outcome: deployment.DeadLettered, Reason: "Permanent", Detail: `{"errorMessage":"no such channel","errorType":"Permanent"}`, Attempts: 3, Receipt: map[string]string{"dedup_key": "k"}},
	}
	if err := f.ledger().WriteAudit(t.Context(), document(deployment.Rollback), row); err != nil {
		t.Fatal(err)
	}
	in := f.last(t)
	want := map[string]string{
		":expires": values(in)[":expires"], ":now": moment(now), ":service": serviceKey, ":time": moment(some.Time), ":status": "succeeded",
		":kind": "rollback", ":environment": "production", ":deployment": deploymentKey + "/rollback", ":version": "1.42.0",
		":decision": "deliver", ":reason": "production_success", ":outcome": "dead_lettered", ":detail": "Permanent: no such channel", ":tries": "3",
		":latency": "2500", ":execution": "execution-of-mine", ":window": "", ":cause": "",
	}
	if keyOf(in.Key) != "event#"+claimKey+" delivery#pagerduty" || !reflect.DeepEqual(values(in), want) {
		t.Errorf("wrote %s\n%v\nwant\n%v", keyOf(in.Key), values(in), want)
	}
	if got := getTexts(in.ExpressionAttributeValues, ":receipt"); !reflect.DeepEqual(got, row.Delivery.Receipt) {
		t.Errorf("receipt %v", got)
	}
	row.Decision = deployment.Decision{Decision: deployment.Suppress, Reason: deployment.MaintenanceWindow, Window: &deployment.Window{Name: "upgrade"}}
	if err := f.ledger().WriteAudit(t.Context(), document(deployment.Ordinary), row); err != nil {
		t.Fatal(err)
	}
	if v := values(f.last(t)); v[":reason"] != "maintenance_window" || v[":window"] != "upgrade" {
		t.Errorf("of a window: wrote %v", v)
	}
}
