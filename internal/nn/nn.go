// Package nn is the port between the rooms that understand pictures and the
// runtime that executes neural networks: what a model is, what it eats and
// what it answers.
//
// It must not know any runtime, file system or network; package onnx does.
package nn

import "context"

// Tensor is a dense row-major float32 array. len(Data) is the product of Shape.
type Tensor struct {
	Shape []int64
	Data  []float32
}

// Model runs one network. Implementations are safe for concurrent use.
type Model interface {
	// Run feeds the model's single input, which it does not keep, and returns its
	// outputs by name. The outputs belong to the caller.
	Run(ctx context.Context, input Tensor) (map[string]Tensor, error)
	// Spec describes the model: sizes, colour order, normalisation, thresholds.
	Spec() Spec
}

// Source hands out models by manifest name.
type Source interface {
	// Model loads the model on first use. An absent model is an Unavailable
	// fault whose message carries the model's name.
	Model(name string) (Model, error)
}

// Spec is a model's entry in the manifest: everything code must know to use
// it, so that another network of the same family drops in without code.
type Spec struct {
	Name    string  `json:"name"`
	Task    Task    `json:"task"`
	Version string  `json:"version"`
	File    string  `json:"file"`
	Bytes   int64   `json:"bytes"`
	SHA256  string  `json:"sha256"`
	Licence Licence `json:"licence"`
	// URLs are the addresses to fetch the file from, in order.
	URLs  []string `json:"urls,omitempty"`
	Input Input    `json:"input"`
	// Output names the tensor to decode; families with several outputs
	// (YuNet) leave it empty and use their fixed names.
	Output   string   `json:"output,omitempty"`
	Decoding Decoding `json:"decoding"`
	// Dictionary holds one entry per line, never trimmed: an entry may be a
	// single space. AppendSpace adds one more class for the space.
	Dictionary       string `json:"dictionary,omitempty"`
	DictionarySHA256 string `json:"dictionary_sha256,omitempty"`
	// DictionaryURLs are the addresses to fetch the dictionary from.
	DictionaryURLs []string `json:"dictionary_urls,omitempty"`
	AppendSpace    bool     `json:"append_space,omitempty"`
	// Hidden is the entry of the dictionary that stands for a run of print that
	// cannot be seen; "" when the network does not tell.
	Hidden string `json:"hidden,omitempty"`
	// Classes are the dictionary's lines and the appended space, filled when
	// the model is loaded.
	Classes []string `json:"-"`
	// Thresholds are the operating points by name, as measured with this model.
	Thresholds map[string]float64 `json:"thresholds,omitempty"`
	Notes      string             `json:"notes,omitempty"`
}

// Task says what a model is for.
type Task string

// The tasks that the service has a use for.
const (
	TaskTextRecognition Task = "text_recognition"
	TaskTextDetection   Task = "text_detection"
	TaskFaceDetection   Task = "face_detection"
	TaskFaceEmbedding   Task = "face_embedding"
	TaskLiveness        Task = "liveness"
)

// Decoding names the family whose output layout a model follows.
type Decoding string

// The families the code can decode.
const (
	DecodeCTC         Decoding = "ctc"         // [N,T,C] softmax, blank is class 0
	DecodeDBNet       Decoding = "dbnet"       // [N,1,H,W] text probability
	DecodeYuNet       Decoding = "yunet"       // cls/obj/bbox/kps at strides 8, 16, 32
	DecodeEmbedding   Decoding = "embedding"   // [N,D], not normalised
	DecodeMiniFASNet  Decoding = "minifasnet"  // [N,3] logits, class 1 is live
	DecodeCelebASpoof Decoding = "celebaspoof" // [N,2] logits, class 0 is live
)

// Licence says under what terms a model's weights may be used.
type Licence struct {
	// ID is an SPDX identifier, or "unknown".
	ID string `json:"id"`
	// Commercial is "yes", "no" or "unknown".
	Commercial string `json:"commercial"`
	Note       string `json:"note,omitempty"`
}

// Input is the tensor a network expects. All inputs are NCHW float32 with
// value = (pixel/Scale - Mean[c]) / Std[c]; pixels are 0..255.
type Input struct {
	Name string `json:"name"`
	// Width and Height in pixels; 0 means free.
	Width  int    `json:"width"`
	Height int    `json:"height"`
	Colour Colour `json:"colour"`
	// Scale divides the pixel first: 1 keeps 0..255, 255 gives 0..1.
	Scale float64    `json:"scale"`
	Mean  [3]float64 `json:"mean"` // in channel order of Colour
	Std   [3]float64 `json:"std"`
	// Multiple is what free sides are rounded or padded to.
	Multiple int `json:"multiple,omitempty"`
	// Stretch is how many times wider than its ratio says a text recogniser
	// takes a line, for more steps a letter; 0 means 1.
	Stretch float64 `json:"stretch,omitempty"`
	// LongSide is the longest side a text detector is fed.
	LongSide int `json:"long_side,omitempty"`
	// Crop is how much of the surroundings a liveness model sees, as a
	// multiple of the face box.
	Crop float64 `json:"crop,omitempty"`
	// Landmarks is where the five face points must lie after alignment: image
	// left eye, image right eye, nose, left and right mouth corner.
	Landmarks [][2]float64 `json:"landmarks,omitempty"`
	// Mirror asks for the sum of the outputs for the input and its mirror image.
	Mirror bool `json:"mirror,omitempty"`
}

// Colour is the channel order of an input tensor.
type Colour string

// Channel orders.
const (
	RGB Colour = "RGB"
	BGR Colour = "BGR"
)
