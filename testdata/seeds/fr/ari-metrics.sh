# Informations système Asterisk
curl -u sky-genesis:password http://localhost:8088/ari/asterisk/info

# Liste des channels actifs
curl -u sky-genesis:password http://localhost:8088/ari/channels

# Liste des bridges
curl -u sky-genesis:password http://localhost:8088/ari/bridges

# Santé du système
curl -u sky-genesis:password http://localhost:8080/api/v1/voip/asterisk/health
