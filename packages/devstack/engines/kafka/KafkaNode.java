// One Kafka node: formats its log folder where that is still needed, and runs, in one JVM (a second one costs a second).
//   arguments: <properties file> <cluster id>
import kafka.tools.StorageTool;

public class KafkaNode {
  public static void main(String[] args) {
    var format = new String[] {"format", "--ignore-formatted", "-t", args[1], "-c", args[0]};
    int status = StorageTool.execute(format, System.out);
    if (status != 0) System.exit(status);
    kafka.Kafka.main(new String[] {args[0]});
  }
}
