// Trino's server, which its own distribution starts by a script and a launcher of its own. Settings: -Dconfig=<properties file>.
import io.trino.server.Server;

public class Trino {
  public static void main(String[] args) {
    new Server().start(args[0]);
  }
}
