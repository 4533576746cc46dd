// Configuration STUN/TURN pour NAT traversal
const rtcConfiguration = {
    iceServers: [
        { urls: 'stun:stun.skygenesisenterprise.com:19302' },
        {
            urls: 'turn:turn.skygenesisenterprise.com:3478',
            username: 'user',
            credential: 'password'
        }
    ]
};

// Créer une connexion peer
const peerConnection = new RTCPeerConnection(rtcConfiguration);

// Gestion des candidats ICE
peerConnection.onicecandidate = (event) => {
    if (event.candidate) {
        // Envoyer le candidat via signaling
        sendSignalingMessage(callId, 'ice_candidate', {
            candidate: event.candidate
        });
    }
};

// Gestion des tracks média
peerConnection.ontrack = (event) => {
    // Ajouter le stream audio/vidéo à l'interface
    const remoteVideo = document.getElementById('remote-video');
    remoteVideo.srcObject = event.streams[0];
};
