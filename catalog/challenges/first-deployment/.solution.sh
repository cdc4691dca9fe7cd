# session: kube-01
export KUBECONFIG=/etc/rancher/k3s/k3s.yaml
kubectl create deployment web --image=docker.io/library/nginx:alpine --replicas=3
kubectl rollout status deployment web --timeout=300s
kubectl expose deployment web --port=80
sleep 30
kubectl delete "$(kubectl get pods -l app=web -o name | head -n 1)"
examinerctl task wait verify_healed --timeout 120s
