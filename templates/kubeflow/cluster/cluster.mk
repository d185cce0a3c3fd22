# What needs a cluster, for those who would rather not install mlops-lab.
.PHONY: cluster images cluster-up cluster-down forward submit deploy trainjob lock-server

IMAGES := <[ project_name ]>-pipeline:local <[ project_name ]>-server:local

cluster: ## make a cluster on this machine (needs kind and docker), with KServe and Trainer
	kind create cluster --config cluster/kind.yaml
	sh cluster/install.sh kind-<[ project_name ]>

images: ## build the two images and load them into the kind cluster
	docker build --file cluster/Dockerfile --target pipeline --tag <[ project_name ]>-pipeline:local .
	docker build --file cluster/Dockerfile --target server --tag <[ project_name ]>-server:local .
	kind load docker-image --name <[ project_name ]> $(IMAGES)

cluster-up: ## apply Kubeflow Pipelines and wait for it
	kubectl apply --server-side -k k8s/overlays/local
	kubectl --namespace <[ project_name ]> rollout status --timeout=600s deployment/ml-pipeline

cluster-down: ## remove the namespace, with all data
	kubectl delete namespace <[ project_name ]>

forward: .env ## keep the API's port open on this machine, until Ctrl-C
	kubectl --namespace <[ project_name ]> port-forward --address=127.0.0.1 \
	  service/ml-pipeline $(PORT):8888

submit: .env .venv/installed ## upload the pipeline to the cluster and run it
	@$(RUN) -m cluster.submit

deploy: .venv/installed ## serve the model of the latest run with KServe
	$(RUN) -m cluster.deploy
	kubectl apply --server-side -k k8s/serving

trainjob: ## train on several pods
	kubectl apply --server-side -k k8s/training

lock-server: ## recompile the model server's requirements, after `make lock` (needs uv)
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	  --no-emit-index-url --upgrade cluster/requirements-server.in \
	  --output-file cluster/requirements-server.txt
