"""What people read: cases, histories, queues, the map. Every query carries the caller's scope."""
