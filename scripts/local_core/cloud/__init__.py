"""The cloud beside the core: a broker as IoT Core, moto as S3, and how the core reaches them."""
