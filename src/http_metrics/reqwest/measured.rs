//! `measured!`: the service for one version of reqwest, whose versions have different types of the same names.

macro_rules! measured {
    ($reqwest:ident) => {
        use std::error::Error as StdError;
        use std::future::Future;
        use std::pin::Pin;
        use std::task::{Context, Poll, ready};

        use http::Uri;
        use pin_project_lite::pin_project;
        use tower_service::Service;
        use $reqwest::{Body, Client, Error, Request, Response, ResponseBuilderExt, Url};

        use crate::http_metrics::client::{ClientMetrics, outcome_of};
        use crate::http_metrics::in_client_span::InClientSpan;
        use crate::http_metrics::response_future;
        use crate::http_metrics::response_future::CountBody;

        impl ClientMetrics<Client> {
            /// Sends a request and measures it, like `Client::execute`.
            ///
            /// # Errors
            ///
            /// The errors of the client, unchanged.
            pub async fn execute(&self, request: Request) -> Result<Response, Error> {
                self.clone().call(request).await
            }
        }

        /// Measures requests in reqwest's own types, around a `Client` or a service with its request and response.
        impl<S> Service<Request> for ClientMetrics<S>
        where
            S: Service<Request, Response = Response>,
            S::Error: StdError + 'static,
        {
            type Response = Response;
            type Error = S::Error;
            type Future = ResponseFuture<S::Future>;

            fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
                self.inner.poll_ready(cx)
            }

            fn call(&mut self, request: Request) -> Self::Future {
                let request = as_http(request);
                let inner = match &self.traced {
                    None => {
                        let call = |request: http::Request<Request>, _| HttpFuture {
                            inner: self.inner.call(request.into_body()),
                        };
                        let inner = response_future::ResponseFuture::begin(
                            &self.state,
                            request,
                            CountBody::No,
                            call,
                        );
                        (inner, None)
                    }
                    Some(traced) => {
                        let call = |request: http::Request<Request>| {
                            let (head, mut request) = request.into_parts();
                            *request.headers_mut() = head.headers;
                            HttpFuture {
                                inner: self.inner.call(request),
                            }
                        };
                        response_future::ResponseFuture::begin_traced(
                            &self.state,
                            traced,
                            request,
                            call,
                        )
                    }
                };
                ResponseFuture {
                    inner: InClientSpan::new(inner),
                }
            }
        }

        /// The request as the layer's functions see it, with the request itself as its body.
        fn as_http(request: Request) -> http::Request<Request> {
            let method = request.method().clone();
            let uri = request.url().as_str().parse::<Uri>();
            let headers = request.headers().clone();
            let mut http = http::Request::new(request);
            *http.method_mut() = method;
            *http.uri_mut() = uri.unwrap_or_default();
            *http.headers_mut() = headers;
            http
        }

        pin_project! {
            /// The future of a measured request.
            pub struct ResponseFuture<F> {
                #[pin]
                inner: InClientSpan<response_future::ResponseFuture<HttpFuture<F>>>,
            }
        }

        impl<F, E> Future for ResponseFuture<F>
        where
            F: Future<Output = Result<Response, E>>,
            E: StdError + 'static,
        {
            type Output = Result<Response, E>;

            fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
                let polled = self.project().inner.poll_with(|inner| {
                    inner.poll_head(cx, |error: E| {
                        let outcome = outcome_of(&error);
                        (outcome, error)
                    })
                });
                let response = ready!(polled)?;
                Poll::Ready(Ok(Response::from(response.map(Body::wrap))))
            }
        }

        debug_fields!(ResponseFuture<F> {});

        pin_project! {
            /// A client's future, with the response in the types of `http`.
            struct HttpFuture<F> {
                #[pin]
                inner: F,
            }
        }

        impl<F, E> Future for HttpFuture<F>
        where
            F: Future<Output = Result<Response, E>>,
        {
            type Output = Result<http::Response<Body>, E>;

            fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
                let response = ready!(self.project().inner.poll(cx))?;
                let url = response.url().clone();
                let mut response = http::Response::from(response);
                keep_url(&mut response, url);
                Poll::Ready(Ok(response))
            }
        }

        /// reqwest's own conversion loses the URL, which its errors and `Response::url` show.
        fn keep_url(response: &mut http::Response<Body>, url: Url) {
            if let Ok(with_url) = http::Response::builder().url(url).body(()) {
                let (parts, ()) = with_url.into_parts();
                response.extensions_mut().extend(parts.extensions);
            }
        }
    };
}
