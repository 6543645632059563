"""Train, export and measure the small diffusion model behind the generator `mini`."""
