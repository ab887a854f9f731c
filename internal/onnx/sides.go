package onnx

import (
	"encoding/binary"
	"errors"
)

var errNotONNX = errors.New("the file is not a well-formed ONNX model")

// freeSides makes height and width of a model's inputs unknown, and with them
// the shapes of its outputs. Exporters freeze the size of their example, though
// a network of convolutions runs at any: a smaller picture then costs less. Only
// declared shapes change, no node and no weight. Field numbers are those of
// onnx.proto.
func freeSides(model []byte) ([]byte, error) {
	const (
		modelGraph                        = 7
		graphInput, graphOutput, graphVal = 11, 12, 13
		valueType, typeTensor             = 2, 1
		tensorShape, shapeDim             = 2, 1
	)
	shape := func(edit editor) editor {
		return inside(valueType, inside(typeTensor, func(field uint64, body []byte) ([]byte, bool, error) {
			if field != tensorShape {
				return body, true, nil
			}
			return edit(field, body)
		}))
	}
	free := shape(func(_ uint64, body []byte) ([]byte, bool, error) {
		dim := -1
		out, err := editMessage(body, func(field uint64, d []byte) ([]byte, bool, error) {
			if field == shapeDim {
				if dim++; dim >= 2 { // NCHW
					return nil, true, nil
				}
			}
			return d, true, nil
		})
		return out, true, err
	})
	drop := shape(func(uint64, []byte) ([]byte, bool, error) { return nil, false, nil })
	return editMessage(model, inside(modelGraph, func(field uint64, body []byte) ([]byte, bool, error) {
		switch field {
		case graphInput:
			out, err := editMessage(body, free)
			return out, true, err
		case graphOutput:
			out, err := editMessage(body, drop)
			return out, true, err
		case graphVal: // shapes of what lies between, which the runtime infers anew
			return nil, false, nil
		}
		return body, true, nil
	}))
}

// editor gives the new body of a length-delimited field, or drops it.
type editor func(field uint64, body []byte) (out []byte, keep bool, err error)

// inside applies an editor to the fields of one submessage.
func inside(number uint64, edit editor) editor {
	return func(field uint64, body []byte) ([]byte, bool, error) {
		if field != number {
			return body, true, nil
		}
		out, err := editMessage(body, edit)
		return out, true, err
	}
}

// editMessage copies a protocol buffer message and edits its length-delimited
// fields.
func editMessage(msg []byte, edit editor) ([]byte, error) {
	out := make([]byte, 0, len(msg))
	for len(msg) > 0 {
		key, n := binary.Uvarint(msg)
		if n <= 0 {
			return nil, errNotONNX
		}
		size := 0
		switch key & 7 {
		case 0: // varint
			if _, size = binary.Uvarint(msg[n:]); size <= 0 {
				return nil, errNotONNX
			}
		case 1:
			size = 8
		case 5:
			size = 4
		case 2:
			length, m := binary.Uvarint(msg[n:])
			if m <= 0 || length > uint64(len(msg)-n-m) {
				return nil, errNotONNX
			}
			body, keep, err := edit(key>>3, msg[n+m:][:length])
			if err != nil {
				return nil, err
			}
			if keep {
				out = binary.AppendUvarint(append(out, msg[:n]...), uint64(len(body)))
				out = append(out, body...)
			}
			msg = msg[n+m+int(length):]
			continue
		default:
			return nil, errNotONNX
		}
		if n+size > len(msg) {
			return nil, errNotONNX
		}
		out = append(out, msg[:n+size]...)
		msg = msg[n+size:]
	}
	return out, nil
}
