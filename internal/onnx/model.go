package onnx

import (
	"context"
	"errors"
	"fmt"
	"math"
	"runtime"
	"slices"
	"sync"

	ort "github.com/yalue/onnxruntime_go"

	"anycheck/internal/fault"
	"anycheck/internal/nn"
)

// model is one network in an ONNX Runtime session. Sessions may run on many
// goroutines at once; the lock only keeps close from freeing one in use.
type model struct {
	spec    nn.Spec
	outputs []string

	mu      sync.RWMutex
	session *ort.DynamicAdvancedSession // nil after close
}

// load reads, checks and prepares a model. A file that passes its checksum but
// does not fit its manifest entry is refused here, not at the first picture.
func (r *Runtime) load(spec nn.Spec) (*model, error) {
	data, err := r.read(spec.Name, spec.File, spec.SHA256, spec.Bytes)
	if err != nil {
		return nil, err
	}
	spec.Classes, err = r.classes(spec)
	if err != nil {
		return nil, err
	}
	if spec.Task == nn.TaskFaceDetection && spec.Input.Multiple > 0 {
		if data, err = freeSides(data); err != nil {
			return nil, fault.Wrap(err, fault.Unavailable, "The model %s cannot be loaded.", spec.Name)
		}
	}
	inputs, outputs, err := ort.GetInputOutputInfoWithONNXData(data)
	if err != nil {
		return nil, fault.Wrap(err, fault.Unavailable, "The model %s cannot be loaded.", spec.Name)
	}
	if err := fits(spec, inputs, outputs); err != nil {
		return nil, fault.Wrap(err, fault.Unavailable, "The model %s does not fit its manifest entry: %v.", spec.Name, err)
	}
	m := &model{spec: spec}
	for _, out := range outputs {
		m.outputs = append(m.outputs, out.Name)
	}
	options, err := sessionOptions(r.threads)
	if err != nil {
		return nil, err
	}
	defer options.Destroy()
	m.session, err = ort.NewDynamicAdvancedSessionWithONNXData(data, []string{spec.Input.Name}, m.outputs, options)
	if err != nil {
		return nil, fault.Wrap(err, fault.Unavailable, "The model %s cannot be loaded.", spec.Name)
	}
	return m, nil
}

// sessionOptions: waiting threads must sleep, not spin; they share the cores
// with the rest of the service.
func sessionOptions(threads int) (*ort.SessionOptions, error) {
	o, err := ort.NewSessionOptions()
	if err != nil {
		return nil, err
	}
	err = errors.Join(
		o.SetIntraOpNumThreads(threads),
		o.SetInterOpNumThreads(1),
		o.AddSessionConfigEntry("session.intra_op.allow_spinning", "0"),
		o.AddSessionConfigEntry("session.inter_op.allow_spinning", "0"),
	)
	if err != nil {
		o.Destroy()
		return nil, err
	}
	return o, nil
}

// fits checks what the manifest promises against what the file says.
func fits(spec nn.Spec, inputs, outputs []ort.InputOutputInfo) error {
	if len(inputs) != 1 || inputs[0].Name != spec.Input.Name {
		return fmt.Errorf("its single input is not %q", spec.Input.Name)
	}
	in := inputs[0]
	if in.OrtValueType != ort.ONNXTypeTensor || in.DataType != ort.TensorElementDataTypeFloat || len(in.Dimensions) != 4 {
		return errors.New("its input is not a float32 tensor of four dimensions")
	}
	for i, want := range map[int]int{1: 3, 2: spec.Input.Height, 3: spec.Input.Width} {
		// Negative dimensions of the file and zeros of the manifest are free.
		if got := in.Dimensions[i]; got > 0 && want > 0 && got != int64(want) {
			return fmt.Errorf("its input has %d in dimension %d, not %d", got, i, want)
		}
	}
	for _, out := range outputs {
		if out.OrtValueType != ort.ONNXTypeTensor || out.DataType != ort.TensorElementDataTypeFloat {
			return fmt.Errorf("its output %q is not a float32 tensor", out.Name)
		}
	}
	if spec.Output == "" {
		return nil
	}
	i := slices.IndexFunc(outputs, func(o ort.InputOutputInfo) bool { return o.Name == spec.Output })
	if i < 0 {
		return fmt.Errorf("it has no output %q", spec.Output)
	}
	if spec.Decoding == nn.DecodeCTC {
		dims := outputs[i].Dimensions
		if len(dims) != 3 {
			return fmt.Errorf("its output %q has %d dimensions, not 3", spec.Output, len(dims))
		}
		// Class 0 is the blank.
		if got, want := dims[2], int64(len(spec.Classes)+1); got > 0 && got != want {
			return fmt.Errorf("it answers %d classes, but its dictionary makes %d", got, want)
		}
	}
	return nil
}

// Spec implements nn.Model.
func (m *model) Spec() nn.Spec { return m.spec }

// Run implements nn.Model. A context that has ended stops it before the
// inference; one in progress is carried through, as it takes milliseconds.
func (m *model) Run(ctx context.Context, input nn.Tensor) (map[string]nn.Tensor, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if err := checkTensor(input); err != nil {
		return nil, fmt.Errorf("model %s: %w", m.spec.Name, err)
	}
	m.mu.RLock()
	defer m.mu.RUnlock()
	if m.session == nil {
		return nil, closed(m.spec.Name)
	}
	in, err := ort.NewTensor(ort.Shape(input.Shape), input.Data)
	if err != nil {
		return nil, fmt.Errorf("model %s: %w", m.spec.Name, err)
	}
	defer in.Destroy()
	values := make([]ort.Value, len(m.outputs))
	err = m.session.Run([]ort.Value{in}, values)
	// The C side reads the data through a pointer the collector does not see.
	runtime.KeepAlive(input.Data)
	defer func() {
		for _, v := range values {
			if v != nil {
				v.Destroy()
			}
		}
	}()
	if err != nil {
		return nil, fmt.Errorf("model %s: %w", m.spec.Name, err)
	}
	out := make(map[string]nn.Tensor, len(values))
	for i, v := range values {
		t, ok := v.(*ort.Tensor[float32])
		if !ok {
			return nil, fmt.Errorf("model %s: output %q is not a float32 tensor", m.spec.Name, m.outputs[i])
		}
		// The binding has copied outputs into Go memory: they outlive Destroy.
		out[m.outputs[i]] = nn.Tensor{Shape: t.GetShape(), Data: t.GetData()}
	}
	return out, nil
}

// maxElements bounds an input at 256 MiB.
const maxElements = 64 << 20

func checkTensor(t nn.Tensor) error {
	n := int64(1)
	for _, d := range t.Shape {
		if d < 1 || d > math.MaxInt32 || n > maxElements/d {
			return fmt.Errorf("input shape %v is not usable", t.Shape)
		}
		n *= d
	}
	if len(t.Shape) != 4 || t.Shape[1] != 3 {
		return fmt.Errorf("input shape %v is not [N,3,H,W]", t.Shape)
	}
	if int64(len(t.Data)) != n {
		return fmt.Errorf("input shape %v needs %d values, not %d", t.Shape, n, len(t.Data))
	}
	return nil
}

func (m *model) close() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.session == nil {
		return nil
	}
	err := m.session.Destroy()
	m.session = nil
	return err
}
