async function initiateCall(participants, callType) {
    // 1. Create call via API
    const callResponse = await fetch('/api/v1/voip/calls', {
        method: 'POST',
        headers: {
            'Content-Type': 'application/json',
            'Authorization': `Bearer ${jwtToken}`
        },
        body: JSON.stringify({
            participants,
            call_type: callType
        })
    });

    const callData = await callResponse.json();
    const callId = callData.id;

    // 2. Create WebRTC connection
    const peerConnection = new RTCPeerConnection(rtcConfiguration);

    // 3. Add local tracks
    const localStream = await navigator.mediaDevices.getUserMedia({
        audio: true,
        video: callType === 'video'
    });

    localStream.getTracks().forEach(track => {
        peerConnection.addTrack(track, localStream);
    });

    // 4. Create and send offer
    const offer = await peerConnection.createOffer();
    await peerConnection.setLocalDescription(offer);

    await sendSignalingMessage(callId, 'offer', offer);

    return { callId, peerConnection };
}
