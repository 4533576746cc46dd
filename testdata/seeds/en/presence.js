const ws = new WebSocket('wss://api.skygenesisenterprise.com/ws/auth?token=' + jwtToken);

ws.onopen = () => {
    // Subscribe to presence
    ws.send(JSON.stringify({
        type: 'Subscribe',
        channel: 'presence:user123'
    }));

    // Update status
    updatePresence('online', 'Available for calls');
};

function updatePresence(status, message) {
    ws.send(JSON.stringify({
        type: 'PresenceUpdate',
        user_id: 'user123',
        status,
        status_message: message
    }));
}
