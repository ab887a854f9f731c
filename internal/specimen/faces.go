package specimen

var (
	black     = vec{0.010, 0.008, 0.007}
	darkBrown = vec{0.030, 0.016, 0.010}
	grey      = vec{0.16, 0.155, 0.15}
)

// faces are the invented people.
var faces = [identities]traits{
	0: {
		width: 0.91, jaw: 0.88, chin: 0.07, cheek: 0.82, ridge: 1.33,
		eyeApart: 0.95, eyeSize: 1.13, eyeOpen: 0.72, eyeTilt: -0.08,
		browHeight: -0.28, browThick: 1.24, browArch: 1.05,
		noseWidth: 0.77, noseLength: 0.96, noseOut: 1.13,
		mouthWidth: 1.11, upperLip: 0.92, lowerLip: 0.77, mouthY: -0.03,
		hair: cropped, hairline: 0.63, hairColour: grey,
		skin: vec{0.5, 0.3, 0.2}, lips: vec{0.41, 0.165, 0.13}, cloth: vec{0.62, 0.64, 0.66},
		wrinkles: 0.86,
	},
	1: {
		width: 1.09, jaw: 0.87, chin: 0.01, cheek: 1.25, ridge: 0.44,
		eyeApart: 1.03, eyeSize: 0.91, eyeOpen: 1.03, eyeTilt: 0.19,
		browHeight: 0.35, browThick: 0.88, browArch: 0.59,
		noseWidth: 1.19, noseLength: 0.89, noseOut: 1.24,
		mouthWidth: 0.96, upperLip: 0.91, lowerLip: 1.35, mouthY: 0.02,
		hair: longHair, hairline: 0.71, hairColour: darkBrown,
		skin: vec{0.5, 0.3, 0.2}, lips: vec{0.44, 0.11, 0.105}, cloth: vec{0.1, 0.22, 0.34},
	},
	2: {
		width: 1.07, jaw: 1.20, chin: -0.02, cheek: 1.20, ridge: 1.00,
		eyeApart: 1.03, eyeSize: 0.90, eyeOpen: 0.85, eyeTilt: 0.06,
		browHeight: 0.20, browThick: 1.60, browArch: 0.40,
		noseWidth: 1.35, noseLength: 0.95, noseOut: 0.90,
		mouthWidth: 1.15, upperLip: 1.10, lowerLip: 1.20,
		hair: cropped, hairline: 0.62, hairColour: black,
		skin: vec{0.24, 0.12, 0.07}, lips: vec{0.19, 0.075, 0.065}, cloth: vec{0.45, 0.32, 0.08},
		moustache: 0.80,
	},
	3: {
		width: 0.97, jaw: 0.96, chin: -0.04, cheek: 1.24, ridge: 0.64,
		eyeApart: 0.97, eyeSize: 1.07, eyeOpen: 0.93, eyeTilt: -0.03,
		browHeight: 0.46, browThick: 1.07, browArch: 1.07,
		noseWidth: 1.34, noseLength: 1.13, noseOut: 0.84,
		mouthWidth: 0.85, upperLip: 1.28, lowerLip: 1.32, mouthY: -0.01,
		hair: hijab, hairline: 0.68, hairColour: black,
		skin: vec{0.56, 0.36, 0.25}, lips: vec{0.4, 0.12, 0.11}, cloth: vec{0.07, 0.2, 0.17},
	},
	4: {
		width: 1, jaw: 0.80, chin: -0.03, cheek: 1.16, ridge: 1.46,
		eyeApart: 1.05, eyeSize: 0.87, eyeOpen: 1, eyeTilt: 0.06,
		browHeight: -0.40, browThick: 0.95, browArch: 0.32,
		noseWidth: 1.04, noseLength: 0.85, noseOut: 0.95,
		mouthWidth: 0.96, upperLip: 0.51, lowerLip: 1.28, mouthY: -0.01,
		hair: shortHair, hairline: 0.69, hairColour: grey,
		skin: vec{0.24, 0.12, 0.07}, lips: vec{0.197, 0.066, 0.0455}, cloth: vec{0.05, 0.05, 0.06},
		beard: 0.86, moustache: 0.95, wrinkles: 0.68, glasses: true,
	},
	5: {
		width: 0.95, jaw: 0.94, chin: 0.02, cheek: 0.89, ridge: 0.81,
		eyeApart: 0.92, eyeSize: 1.09, eyeOpen: 1.10, eyeTilt: 0.05,
		browHeight: -0.33, browThick: 1.03, browArch: 0.50,
		noseWidth: 0.79, noseLength: 1.14, noseOut: 0.56,
		mouthWidth: 1.05, upperLip: 0.74, lowerLip: 1.31, mouthY: 0.01,
		hair: fringe, hairline: 0.64, hairColour: black,
		skin: vec{0.56, 0.36, 0.25}, lips: vec{0.4, 0.12, 0.11}, cloth: vec{0.35, 0.12, 0.25},
	},
	6: {
		width: 0.97, jaw: 0.95, chin: 0.06, cheek: 0.85, ridge: 1.35,
		eyeApart: 0.95, eyeSize: 0.90, eyeOpen: 0.80,
		browThick: 1.00, browArch: 0.20,
		noseWidth: 1.00, noseLength: 1.15, noseOut: 1.40,
		mouthWidth: 0.95, upperLip: 0.60, lowerLip: 0.75,
		hair: cropped, hairline: 0.78, hairColour: grey,
		skin: vec{0.27, 0.135, 0.075}, lips: vec{0.21, 0.085, 0.07}, cloth: vec{0.3, 0.08, 0.07},
		beard: 0.55, moustache: 0.90, wrinkles: 1, glasses: true,
	},
	7: {
		width: 0.99, jaw: 0.92, chin: 0.01, cheek: 1.28, ridge: 0.57,
		eyeApart: 0.91, eyeSize: 1.11, eyeOpen: 0.88,
		browHeight: 0.31, browThick: 0.63, browArch: 0.91,
		noseWidth: 1.08, noseLength: 1.11, noseOut: 0.50,
		mouthWidth: 0.92, upperLip: 0.83, lowerLip: 0.80, mouthY: -0.02,
		hair: fringe, hairline: 0.59, hairColour: black,
		skin: vec{0.3, 0.155, 0.09}, lips: vec{0.4, 0.12, 0.11}, cloth: vec{0.55, 0.5, 0.42},
	},
}
