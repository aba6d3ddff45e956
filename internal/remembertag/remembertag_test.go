package remembertag

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/ssm/types"

	"fanfare/internal/account"
	"fanfare/internal/deployment"
	"fanfare/internal/failure"
)

var (
	noon       = time.Date(2026, 3, 14, 12, 0, 0, 0, time.UTC)
	errAsked   = errors.New("the service asked is out of order")
	digest     = "sha256:" + strings.Repeat("4f7c21ab", 8)
	parameter  = "/ecs/deployments/shop/checkout/last-tag"
	ofPipeline = "/codepipeline/deployments/checkout/last-revision"
)

func isParameter(name string) bool { return name == parameter || name == ofPipeline }

// world is the ledger's guard and the parameter, which knows no guard.
type world struct {
	image     deployment.Image
	revision  string
	startedAt time.Time
	service   string
	value     string // of the parameter
	puts      []string
	fail      string // the call that fails
	// after runs after each write of the parameter: somebody else may be at it.
	after func(w *world)
}

func (w *world) SetGood(_ context.Context, service string, image deployment.Image, startedAt time.Time) (deployment.Image, bool, error) {
	if w.fail == "SetGood" {
		return deployment.Image{}, false, errAsked
	}
	if startedAt.Before(w.startedAt) {
		return w.image, true, nil
	}
	w.service, w.image, w.startedAt = service, image, startedAt
	return image, false, nil
}

func (w *world) Good(_ context.Context, service string) (deployment.Image, error) {
	if w.fail == "Good" || service != w.service {
		return deployment.Image{}, errAsked
	}
	return w.image, nil
}

func (w *world) SetGoodRevision(_ context.Context, pipeline, revision string, startedAt time.Time) (string, bool, error) {
	if w.fail == "SetGoodRevision" {
		return "", false, errAsked
	}
	if startedAt.Before(w.startedAt) {
		return w.revision, true, nil
	}
	w.service, w.revision, w.startedAt = pipeline, revision, startedAt
	return revision, false, nil
}

func (w *world) GoodRevision(_ context.Context, pipeline string) (string, error) {
	if w.fail == "GoodRevision" || pipeline != w.service {
		return "", errAsked
	}
	return w.revision, nil
}

func (w *world) PutParameter(_ context.Context, in *ssm.PutParameterInput, _ ...func(*ssm.Options)) (*ssm.PutParameterOutput, error) {
	if w.fail == "PutParameter" {
		return nil, errAsked
	}
	if in.Type != types.ParameterTypeString || !aws.ToBool(in.Overwrite) || !isParameter(aws.ToString(in.Name)) || aws.ToString(in.Value) == "" {
		return nil, errors.New("what SSM would refuse")
	}
	w.value = *in.Value
	w.puts = append(w.puts, w.value)
	if w.after != nil {
		w.after(w)
	}
	return &ssm.PutParameterOutput{}, nil
}

func (w *world) rememberer() Rememberer {
	return Rememberer{Ledger: w, Parameters: w, Account: account.Account{
		LastTag: account.DefaultLastTag, LastRevision: account.DefaultLastRevision}}
}

// document is a deployment of that tag, which started so many minutes after noon.
func document(tag string, minutes int) deployment.Document {
	return deployment.Document{
		Deployment: deployment.Deployment{Account: "123456789012", Region: "eu-west-1", Cluster: "shop", Service: "checkout",
			ID: "ecs-svc/" + tag, Status: deployment.Succeeded, Kind: deployment.Ordinary, Time: noon.Add(time.Hour)},
		Release: &deployment.Release{Outcome: deployment.NewRelease,
			Image: deployment.Image{Repository: "checkout", Tag: tag}, StartedAt: noon.Add(time.Duration(minutes) * time.Minute)},
	}
}

func TestRemembered(t *testing.T) {
	t.Parallel()
	pinned := document("", 0)
	pinned.Release.Image.Digest = digest
	both := document("1.42.0", 0)
	both.Release.Image.Digest = digest
	for want, doc := range map[string]deployment.Document{"1.41.0": document("1.41.0", 0), digest: pinned, "1.42.0": both} {
		w := &world{}
		got, err := w.rememberer().Remember(t.Context(), doc)
		if err != nil || got != (Result{Remembered: true, Parameter: parameter, Value: want}) {
			t.Errorf("%s: got %+v, %v", want, got, err)
		}
		if w.value != want || w.service != "123456789012/eu-west-1/shop/checkout" || w.image != doc.Release.Image || !w.startedAt.Equal(noon) {
			t.Errorf("%s: left %+v", want, w)
		}
	}
}

func TestNotRemembered(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		change func(doc *deployment.Document)
		want   string
	}{
		{"drill", func(doc *deployment.Document) { doc.Deployment.Drill = &deployment.Drill{Page: true} }, "a drill is not a release"},
		{"in progress", func(doc *deployment.Document) { doc.Deployment.Status = deployment.InProgress }, "not a success"},
		{"failed", func(doc *deployment.Document) { doc.Deployment.Status = deployment.Failed }, "not a success"},
		{"unknown status", func(doc *deployment.Document) { doc.Deployment.Status = deployment.Unknown }, "not a success"},
		{"rollback by the event", func(doc *deployment.Document) { doc.Deployment.Kind = deployment.Rollback }, "a rollback is not a release"},
		{"rollback by the ledger", func(doc *deployment.Document) { doc.Claim = &deployment.Claim{Kind: deployment.Rollback} }, "a rollback is not a release"},
		{"rollback by the release", func(doc *deployment.Document) { doc.Release.Outcome = deployment.RollbackRelease }, "a rollback is not a release"},
		{"no ledger", func(doc *deployment.Document) { doc.Claim = &deployment.Claim{Outcome: deployment.Unclaimed} }, "without the ledger, it may be a rollback"},
		{"late", func(doc *deployment.Document) { doc.Claim = &deployment.Claim{Late: true} }, "a later state of the deployment is known"},
		{"no release", func(doc *deployment.Document) { doc.Release = nil }, "the image is unknown"},
		{"no image", func(doc *deployment.Document) { doc.Release.Image = deployment.Image{Repository: "checkout"} }, "the image is unknown"},
		{"presumed image", func(doc *deployment.Document) { doc.Release.Presumed = true }, "the image is only presumed"},
		{"no cluster", func(doc *deployment.Document) { doc.Deployment.Cluster = "" }, "the cluster is unknown"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			doc := document("1.42.0", 0)
			test.change(&doc)
			w := &world{}
			got, err := w.rememberer().Remember(t.Context(), doc)
			if err != nil || got != (Result{Reason: test.want}) {
				t.Errorf("got %+v, %v", got, err)
			}
			if w.puts != nil || !w.image.IsZero() {
				t.Errorf("left %+v", w)
			}
		})
	}
}

// TestTheLaterStartedWins lets deployments end in an order other than that in which
// they began.
func TestTheLaterStartedWins(t *testing.T) {
	t.Parallel()
	w := &world{}
	for _, doc := range []deployment.Document{document("1.41.0", 0), document("1.43.0", 20), document("1.42.0", 10)} {
		if _, err := w.rememberer().Remember(t.Context(), doc); err != nil {
			t.Fatal(err)
		}
	}
	if want := []string{"1.41.0", "1.43.0"}; !slices.Equal(w.puts, want) || w.image.Tag != "1.43.0" {
		t.Errorf("wrote %v, guard %+v", w.puts, w.image)
	}
	got, err := w.rememberer().Remember(t.Context(), document("1.42.0", 10))
	if err != nil || got != (Result{Reason: "a deployment that started later is the last good one"}) {
		t.Errorf("got %+v, %v", got, err)
	}
	// The same once more, as after a retry, is no older deployment.
	if got, err := w.rememberer().Remember(t.Context(), document("1.43.0", 20)); err != nil || !got.Remembered {
		t.Errorf("repeated: got %+v, %v", got, err)
	}
}

// TestWithoutWordFromECS goes by the first event that was seen.
func TestWithoutWordFromECS(t *testing.T) {
	t.Parallel()
	w := &world{}
	doc := document("1.42.0", 0)
	doc.Release.StartedAt = time.Time{}
	doc.Claim = &deployment.Claim{Kind: deployment.Ordinary, StartedAt: noon.Add(5 * time.Minute)}
	if _, err := w.rememberer().Remember(t.Context(), doc); err != nil || !w.startedAt.Equal(noon.Add(5*time.Minute)) {
		t.Errorf("left %+v, %v", w, err)
	}
}

// TestOvertakenBetweenGuardAndWrite lets a later deployment pass guard and write while
// this one is between the two, so that this one's write comes last.
func TestOvertakenBetweenGuardAndWrite(t *testing.T) {
	t.Parallel()
	w := &world{}
	w.after = func(w *world) {
		w.image, w.startedAt = deployment.Image{Repository: "checkout", Tag: "1.43.0"}, noon.Add(time.Minute)
		w.after = nil
	}
	got, err := w.rememberer().Remember(t.Context(), document("1.42.0", 0))
	if err != nil || got != (Result{Remembered: true, Parameter: parameter, Value: "1.43.0"}) {
		t.Errorf("got %+v, %v", got, err)
	}
	if want := []string{"1.42.0", "1.43.0"}; !slices.Equal(w.puts, want) {
		t.Errorf("wrote %v: the parameter must end as the guard says", w.puts)
	}
}

func TestItKeepsChanging(t *testing.T) {
	t.Parallel()
	w := &world{}
	w.after = func(w *world) { w.image.Tag += "+" }
	got, err := w.rememberer().Remember(t.Context(), document("1.42.0", 0))
	var transient *failure.Transient
	if !errors.As(err, &transient) || !strings.Contains(err.Error(), parameter) || got != (Result{}) {
		t.Errorf("got %+v, %v", got, err)
	}
	if len(w.puts) != 3 {
		t.Errorf("wrote %v", w.puts)
	}
}

func TestErrors(t *testing.T) {
	t.Parallel()
	for _, call := range []string{"SetGood", "PutParameter", "Good"} {
		w := &world{fail: call}
		got, err := w.rememberer().Remember(t.Context(), document("1.42.0", 0))
		if !errors.Is(err, errAsked) || got != (Result{}) {
			t.Errorf("%s: got %+v, %v", call, got, err)
		}
		if call == "SetGood" && w.puts != nil {
			t.Errorf("written without the guard: %v", w.puts)
		}
		if call == "PutParameter" && !strings.Contains(err.Error(), parameter) {
			t.Errorf("%v: the parameter is not named", err)
		}
	}
}
