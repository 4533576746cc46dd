const ws = new WebSocket('wss://api.skygenesisenterprise.com/ws/auth?token=' + jwtToken);

ws.onopen = () => {
    // S'abonner à la présence
    ws.send(JSON.stringify({
        type: 'Subscribe',
        channel: 'presence:user123'
    }));

    // Mettre à jour le statut
    updatePresence('online', 'Disponible pour les appels');
};

function updatePresence(status, message) {
    ws.send(JSON.stringify({
        type: 'PresenceUpdate',
        user_id: 'user123',
        status,
        status_message: message
    }));
}
