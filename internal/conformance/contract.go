package conformance

// The contract, as far as AnyCheck's public documentation tells it.

var statuses = text("DRAFT", "IN_QUEUE", "IN_PROGRESS", "COMPLETED", "FAILED", "CANCELLED", "NEED_REVIEW", "FRAUD_DETECTED", "PARTIALLY_COMPLETED", "PARTIALLY_FAILED")

var (
	named = object(k("id", uuidShape()), k("name", text()))

	// Codes are known, their HTTP numbers are not.
	errorCodes = text("INVALID_REQUEST", "INVALID_ID", "INVALID_VALUE", "ALREADY_EXISTS", "UNAUTHORIZED", "INVALID_CREDENTIALS", "INVALID_TOKEN", "TOKEN_EXPIRED",
		"INVALID_API_KEY", "API_KEY_EXPIRED", "FORBIDDEN", "INSUFFICIENT_BALANCE", "QUOTA_EXCEEDED", "NOT_FOUND", "REQUEST_TIMEOUT", "INTERNAL_SERVER_ERROR")
	errorShape = object(k("error_code", errorCodes), k("message", text()),
		optional("errors", listOf(object(k("field", text()), k("message", text())))))

	folderShape = object(k("id", uuidShape()), k("group", named), k("name", text()), k("is_starred", boolean()), k("total_service", number()), k("total_result", number()),
		k("created_at", timeShape()), k("created_by", text()), k("updated_at", timeShape()), k("updated_by", text()))

	serviceShape = object(k("id", uuidShape()), k("category", object(k("id", uuidShape()), k("name", text()), k("type", text()))), k("code", text()), k("name", text()),
		k("description", text()), k("icon_file_url", orNull(text())), k("credit_cost_default", number()), k("action_type", text("URL", "WEBVIEW", "SCREEN", "SCREEN_PREFIX")),
		k("action_param", orNull(text())), k("is_enabled", boolean()), k("created_at", timeShape()), k("created_by", orNull(text())), k("updated_at", timeShape()), k("updated_by", orNull(text())))

	uploadShape = object(k("object_id", uuidShape()), k("file_category", text("VERIFICATION_INPUT_FILE", "PROFILE_PICTURE")),
		k("files", listOf(object(k("path", text()), k("url", address()), k("page_count", number())))))

	methodsShape = object(k("PASSWORD", object(k("enabled", boolean()))), k("LDAP", object(k("enabled", boolean()), k("healthy", boolean()), k("details", shape{kind: "any"}))),
		k("ENTRA", object(k("enabled", boolean()), k("healthy", boolean()), k("details", shape{kind: "any"}))))

	verificationShape = object(k("id", uuidShape()), k("service", named), k("user_id", uuidShape()),
		k("api_key", orNull(object(k("id", uuidShape()), k("name", text()), k("prefix", text())))), k("folder_id", uuidShape()), k("result_id", uuidShape()),
		k("execution_time", orNull(number())), k("status", statuses), k("start_date", orNull(timeShape())), k("end_date", orNull(timeShape())),
		k("input_config", object()), k("input_file_url", mapOf(listOf(address()))), k("output", orNull(object())), k("output_file_url", orNull(address())),
		k("output_status", orNull(text("VERIFIED", "NOT_VERIFIED", "PARTIALLY_NOT_VERIFIED"))),
		k("external_job_id", object(k("ocr_job_id", listOf(uuidShape())), k("fraud_job_id", listOf(uuidShape())))),
		k("webhook_url", orNull(address())), k("webhook_metadata", orNull(object())), k("export_file_url", orNull(address())), k("credit_used", number()),
		k("total_files", number()), k("total_pages", number()), k("created_at", timeShape()), k("updated_at", timeShape()))

	selfieOutput = object(k("face_match_confidence_level", orNull(text("LOW", "MEDIUM", "HIGH"))), k("face_match_confidence_score", orNull(number())), k("is_match_face", boolean()))

	verificationsShape = object(k("total", number()), k("overall_status", statuses), k("items", listOf(verificationShape)))
)

func page(item shape) shape { return object(k("total", number()), k("items", listOf(item))) }
