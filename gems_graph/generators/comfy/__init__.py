"""ComfyUI: workflows and their slots, its servers, its errors, and the steps that it tells."""
