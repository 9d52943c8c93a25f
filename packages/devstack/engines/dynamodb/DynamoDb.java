// DynamoDB Local with two things that its own main class lacks: it listens on loopback only, and stream shards can be
// rolled and aged on demand, through a second loopback port.
//   arguments: <control port> <ServerRunner arguments...>
//   GET  /health          answers once the database does
//   POST /rollover        closes every open stream shard and opens one child for each
//   POST /age?hours=N     makes all stream records N hours older
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;
import software.amazon.dynamodb.services.local.main.ServerRunner;
import software.amazon.dynamodb.services.local.server.AbstractLocalDynamoDBServerHandler;
import software.amazon.dynamodb.services.local.server.DynamoDBProxyServer;
import software.amazon.dynamodb.services.local.server.LocalDynamoDBRequestHandler;
import software.amazon.dynamodb.services.local.shared.access.AmazonDynamoDBLocal;

public class DynamoDb {
  public static void main(String[] args) throws Exception {
    var proxy = ServerRunner.createServerFromCommandLineArgs(Arrays.copyOfRange(args, 1, args.length));
    var jetty = (Server) field(DynamoDBProxyServer.class, proxy, "server");
    ((ServerConnector) jetty.getConnectors()[0]).setHost("127.0.0.1");
    proxy.start();

    var handler = field(DynamoDBProxyServer.class, proxy, "serverHandler");
    var requests = field(AbstractLocalDynamoDBServerHandler.class, handler, "primaryHandler");
    var address = new InetSocketAddress(InetAddress.getByName("127.0.0.1"), Integer.parseInt(args[0]));
    var control = HttpServer.create(address, 0);
    control.createContext("/", exchange -> answer(exchange, requests));
    control.start();
  }

  static void answer(HttpExchange exchange, Object requests) throws java.io.IOException {
    int status = 200;
    String text = "ok";
    try {
      var call = exchange.getRequestMethod() + " " + exchange.getRequestURI().getPath();
      switch (call) {
        case "GET /health" -> {}
        case "POST /rollover" -> database(requests).triggerShardRollovers();
        case "POST /age" -> database(requests).dilateEventTimes(hours(exchange) * 3_600_000L);
        default -> {
          status = 404;
          text = "no such control call: " + call;
        }
      }
    } catch (Exception e) {
      status = 500;
      text = String.valueOf(e.getCause() == null ? e : e.getCause());
    }
    var body = text.getBytes(StandardCharsets.UTF_8);
    exchange.sendResponseHeaders(status, body.length);
    exchange.getResponseBody().write(body);
    exchange.close();
  }

  static long hours(HttpExchange exchange) {
    return Long.parseLong(exchange.getRequestURI().getQuery().replace("hours=", ""));
  }

  static AmazonDynamoDBLocal database(Object requests) throws Exception {
    var get = LocalDynamoDBRequestHandler.class.getDeclaredMethod("getHandler", String.class);
    get.setAccessible(true);
    var shared = LocalDynamoDBRequestHandler.generateDbFileRelativePath("local", "us-east-1");
    return (AmazonDynamoDBLocal) get.invoke(requests, shared);
  }

  static Object field(Class<?> owner, Object object, String name) throws Exception {
    var field = owner.getDeclaredField(name);
    field.setAccessible(true);
    return field.get(object);
  }
}
